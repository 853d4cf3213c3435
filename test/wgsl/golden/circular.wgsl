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


// shader 1, workgroups each run: 4 x 1
@group(0) @binding(0) var<storage, read> x_staged: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(38)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let n_o = group / 2;
  let at = 63 * n_o;
  let at_1 = 76 * n_o;
  let oc_g = group % 2;
  let at_2 = 2 * oc_g;
  let at_3 = at_1 + 2 * oc_g;
  let oc_l = lane / 19;
  let at_4 = at_2 + oc_l;
  let at_5 = at_3 + oc_l;
  let ow_o = lane % 19;
  let at_6 = at + 3 * ow_o;
  let at_7 = at_5 + 4 * ow_o;
  var acc_0 = f32(0);
  acc_0 = fma(x_staged[at_6], w[at_4], acc_0);
  acc_0 = fma(x_staged[at_6 + 1], w[at_4 + 4], acc_0);
  acc_0 = fma(x_staged[at_6 + 2], w[at_4 + 8], acc_0);
  acc_0 = fma(x_staged[at_6 + 3], w[at_4 + 12], acc_0);
  acc_0 = fma(x_staged[at_6 + 4], w[at_4 + 16], acc_0);
  acc_0 = fma(x_staged[at_6 + 5], w[at_4 + 20], acc_0);
  acc_0 = fma(x_staged[at_6 + 6], w[at_4 + 24], acc_0);
  acc_0 = fma(x_staged[at_6 + 7], w[at_4 + 28], acc_0);
  acc_0 = fma(x_staged[at_6 + 8], w[at_4 + 32], acc_0);
  y[at_7] = (acc_0 + a2[at_4]);
}

