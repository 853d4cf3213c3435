// shader 0, workgroups once: 1 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(36)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 4 * oc_o;
  let at_1 = 36 * oc_o;
  let k = (lane / 4) % 9;
  let at_2 = at + 4 * k;
  let at_3 = at_1 + 4 * k;
  let oc_i = lane % 4;
  let at_4 = at_2 + oc_i;
  let at_5 = at_3 + oc_i;
  w_packed[at_5] = w[at_4];
}


// shader 1, workgroups each run: 2 x 1
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


// shader 2, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(19)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 9 * oc_o;
  let n_o = 0;
  let at_1 = 126 * n_o;
  let at_2 = oc_o + 38 * n_o;
  let ow = lane % 19;
  let at_3 = at_1 + 3 * ow;
  let at_4 = at_2 + ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  for (var k = 0; k < 9; k++) {
    let at_5 = at + k;
    let at_6 = at_3 + k;
    let v0 = w_packed[at_5];
    acc_0_0 = fma(vec4<f32>(x_staged[at_6]), v0, acc_0_0);
    acc_4_0 = fma(vec4<f32>(x_staged[at_6 + 63]), v0, acc_4_0);
  }
  let v1 = a2[oc_o];
  y[at_4] = (acc_0_0 + v1);
  y[at_4 + 19] = (acc_4_0 + v1);
}

