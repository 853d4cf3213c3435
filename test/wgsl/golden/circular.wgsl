// shader 0, workgroups each run: 2 x 1
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<f32>;
fn mod_floor(i: i32, by: i32) -> i32 { let rest = i % by; return select(rest, rest + by, rest < 0); }
@compute @workgroup_size(63)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let n = group;
  let at = 57 * n;
  let at_1 = 63 * n;
  let iw_at = lane / 3;
  let at_2 = at_1 + 3 * iw_at;
  let iw = mod_floor(iw_at - 1, 19);
  let at_3 = at + 3 * iw;
  let ic = lane % 3;
  let at_4 = at_3 + ic;
  let at_5 = at_2 + ic;
  x_staged[at_5] = x[at_4];
}


// shader 1, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(19)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let n_o = 0;
  let at = 126 * n_o;
  let at_1 = oc_o + 38 * n_o;
  let ow = lane % 19;
  let at_2 = at + 3 * ow;
  let at_3 = at_1 + ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  let v0 = w[oc_o];
  acc_0_0 = fma(vec4<f32>(x_staged[at_2]), v0, acc_0_0);
  acc_4_0 = fma(vec4<f32>(x_staged[at_2 + 63]), v0, acc_4_0);
  let v1 = w[oc_o + 1];
  acc_0_0 = fma(vec4<f32>(x_staged[at_2 + 1]), v1, acc_0_0);
  acc_4_0 = fma(vec4<f32>(x_staged[at_2 + 64]), v1, acc_4_0);
  let v2 = w[oc_o + 2];
  acc_0_0 = fma(vec4<f32>(x_staged[at_2 + 2]), v2, acc_0_0);
  acc_4_0 = fma(vec4<f32>(x_staged[at_2 + 65]), v2, acc_4_0);
  let v3 = w[oc_o + 3];
  acc_0_0 = fma(vec4<f32>(x_staged[at_2 + 3]), v3, acc_0_0);
  acc_4_0 = fma(vec4<f32>(x_staged[at_2 + 66]), v3, acc_4_0);
  let v4 = w[oc_o + 4];
  acc_0_0 = fma(vec4<f32>(x_staged[at_2 + 4]), v4, acc_0_0);
  acc_4_0 = fma(vec4<f32>(x_staged[at_2 + 67]), v4, acc_4_0);
  let v5 = w[oc_o + 5];
  acc_0_0 = fma(vec4<f32>(x_staged[at_2 + 5]), v5, acc_0_0);
  acc_4_0 = fma(vec4<f32>(x_staged[at_2 + 68]), v5, acc_4_0);
  let v6 = w[oc_o + 6];
  acc_0_0 = fma(vec4<f32>(x_staged[at_2 + 6]), v6, acc_0_0);
  acc_4_0 = fma(vec4<f32>(x_staged[at_2 + 69]), v6, acc_4_0);
  let v7 = w[oc_o + 7];
  acc_0_0 = fma(vec4<f32>(x_staged[at_2 + 7]), v7, acc_0_0);
  acc_4_0 = fma(vec4<f32>(x_staged[at_2 + 70]), v7, acc_4_0);
  let v8 = w[oc_o + 8];
  acc_0_0 = fma(vec4<f32>(x_staged[at_2 + 8]), v8, acc_0_0);
  acc_4_0 = fma(vec4<f32>(x_staged[at_2 + 71]), v8, acc_4_0);
  var tile: array<vec4<f32>, 2>;
  tile[0] = acc_0_0;
  tile[1] = acc_4_0;
  {
    let oc_i_v = 0;
    let at_4 = oc_o + oc_i_v;
    let at_5 = at_3 + oc_i_v;
    for (var n_i = 0; n_i < 2; n_i++) {
      let at_6 = oc_i_v + n_i;
      let at_7 = at_5 + 19 * n_i;
      y[at_7] = (tile[at_6] + a2[at_4]);
    }
  }
}

