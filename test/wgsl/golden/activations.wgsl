// shader 0, workgroups each run: 2 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
@compute @workgroup_size(50)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ih_at_g = group;
  let at = 40 * ih_at_g;
  let at_1 = 50 * ih_at_g;
  let ic_o = 0;
  let at_2 = at + ic_o;
  let at_3 = at_1 + ic_o;
  let ih_at_l = lane / 10;
  let at_4 = at_2 + 8 * ih_at_l;
  let at_5 = at_3 + 10 * ih_at_l;
  let iw_at = lane % 10;
  let at_6 = at_4 + iw_at;
  let at_7 = at_5 + iw_at;
  x_staged[at_7] = select(vec4<f32>(0f), x[at_6 - 9], ((u32(5 * ih_at_g + ih_at_l - 1) < 8u) & (u32(iw_at - 1) < 8u)));
}


// shader 1, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
fn max_of_4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return select(select(max(a, b), b, (bitcast<vec4<u32>>(b) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u)), a, (bitcast<vec4<u32>>(a) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u));
}
fn min_of_4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return select(select(min(a, b), b, (bitcast<vec4<u32>>(b) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u)), a, (bitcast<vec4<u32>>(a) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u));
}
fn pow2_4(a: vec4<f32>) -> vec4<f32> {
  return bitcast<vec4<f32>>((vec4<i32>(a) + vec4<i32>(127)) << vec4<u32>(23u));
}
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = lane / 16;
  let oh_o = (lane / 8) % 2;
  let at = 160 * oh_o;
  let at_1 = oc_o + 64 * oh_o;
  let ow = lane % 8;
  let at_2 = at + 4 * ow;
  let at_3 = at_1 + 2 * ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  for (var kh = 0; kh < 3; kh++) {
    let at_4 = oc_o + 24 * kh;
    let at_5 = at_2 + 40 * kh;
    for (var k = 0; k < 12; k++) {
      let at_6 = at_4 + 2 * k;
      let at_7 = at_5 + k;
      let v0 = w[at_6];
      acc_0_0 = fma(vec4<f32>(x_staged[at_7]), v0, acc_0_0);
      acc_4_0 = fma(vec4<f32>(x_staged[at_7 + 40]), v0, acc_4_0);
      acc_8_0 = fma(vec4<f32>(x_staged[at_7 + 80]), v0, acc_8_0);
      acc_12_0 = fma(vec4<f32>(x_staged[at_7 + 120]), v0, acc_12_0);
    }
  }
  var tile: array<vec4<f32>, 4>;
  tile[0] = acc_0_0;
  tile[1] = acc_4_0;
  tile[2] = acc_8_0;
  tile[3] = acc_12_0;
  {
    let oc_i_v = 0;
    let at_8 = oc_o + oc_i_v;
    let at_9 = at_3 + oc_i_v;
    for (var oh_i = 0; oh_i < 4; oh_i++) {
      let at_10 = oc_i_v + oh_i;
      let at_11 = at_9 + 16 * oh_i;
      let v1 = (tile[at_10] + a2[at_8]);
      let v2 = (v1 * fma(vec4<f32>(0.07135481387376785f), (v1 * v1), vec4<f32>(1.5957691669464111f)));
      let t = max_of_4(min_of_4((-abs(v2)), vec4<f32>(170f)), vec4<f32>((-170f)));
      let t_1 = floor(((t * vec4<f32>(1.4426950216293335f)) + vec4<f32>(0.5f)));
      let t_2 = ((t - (t_1 * vec4<f32>(0.693145751953125f))) - (t_1 * vec4<f32>(0.000001428606765330187f)));
      let t_3 = floor((t_1 * vec4<f32>(0.5f)));
      let v3 = (((vec4<f32>(1f) + (t_2 + ((t_2 * t_2) * ((((((((vec4<f32>(0.0013836355647072196f) * t_2) + vec4<f32>(0.008369128219783306f)) * t_2) + vec4<f32>(0.041668105870485306f)) * t_2) + vec4<f32>(0.16666516661643982f)) * t_2) + vec4<f32>(0.4999999403953552f))))) * pow2_4(t_3)) * pow2_4((t_1 - t_3)));
      y[at_11] = (v1 * (select(vec4<f32>(1f), v3, (v2 < vec4<f32>(0f))) / (vec4<f32>(1f) + v3)));
    }
  }
}

