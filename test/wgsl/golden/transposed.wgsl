// shader 0, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
@compute @workgroup_size(49)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ic_o = 0;
  let ih_at = lane / 7;
  let at = ic_o + 6 * ih_at;
  let at_1 = ic_o + 7 * ih_at;
  let iw_at = lane % 7;
  let at_2 = at + iw_at;
  let at_3 = at_1 + iw_at;
  x_staged[at_3] = select(vec4<f32>(0f), x[at_2 - 7], ((u32(ih_at - 1) < 6u) & (u32(iw_at - 1) < 6u)));
}


// shader 1, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(6)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let oh_o = 0;
  let at = 168 * oh_o;
  let at_1 = oc_o + 144 * oh_o;
  let ow = lane;
  let at_2 = at + 4 * ow;
  let at_3 = at_1 + 2 * ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  var acc_16_0 = vec4<f32>(0);
  var acc_20_0 = vec4<f32>(0);
  for (var kh = 0; kh < 2; kh++) {
    let at_4 = oc_o + 8 * kh;
    let at_5 = at_2 + 28 * kh;
    for (var k = 0; k < 8; k++) {
      let at_6 = at_4 + k;
      let at_7 = at_5 + k;
      let v0 = w[at_6];
      acc_0_0 = fma(vec4<f32>(x_staged[at_7]), v0, acc_0_0);
      acc_4_0 = fma(vec4<f32>(x_staged[at_7 + 28]), v0, acc_4_0);
      acc_8_0 = fma(vec4<f32>(x_staged[at_7 + 56]), v0, acc_8_0);
      acc_12_0 = fma(vec4<f32>(x_staged[at_7 + 84]), v0, acc_12_0);
      acc_16_0 = fma(vec4<f32>(x_staged[at_7 + 112]), v0, acc_16_0);
      acc_20_0 = fma(vec4<f32>(x_staged[at_7 + 140]), v0, acc_20_0);
    }
  }
  var tile: array<vec4<f32>, 6>;
  tile[0] = acc_0_0;
  tile[1] = acc_4_0;
  tile[2] = acc_8_0;
  tile[3] = acc_12_0;
  tile[4] = acc_16_0;
  tile[5] = acc_20_0;
  {
    let oc_i_v = 0;
    let at_8 = oc_o + oc_i_v;
    let at_9 = at_3 + oc_i_v;
    for (var oh_i = 0; oh_i < 6; oh_i++) {
      let at_10 = oc_i_v + oh_i;
      let at_11 = at_9 + 24 * oh_i;
      y[at_11] = (tile[at_10] + a2[at_8]);
    }
  }
}


// shader 2, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
@compute @workgroup_size(42)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ic_o = 0;
  let ih_at = lane / 6;
  let at = ic_o + 6 * ih_at;
  let ow = lane % 6;
  let at_1 = at + ow;
  x_staged[at_1] = select(vec4<f32>(0f), x[at_1 - 6], (u32(ih_at - 1) < 6u));
}


// shader 3, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x_staged: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(36)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let oh_o = lane / 6;
  let at = 24 * oh_o;
  let at_1 = oc_o + 24 * oh_o;
  let ow = lane % 6;
  let at_2 = at + 4 * ow;
  let at_3 = at_1 + 2 * ow;
  var acc_0 = vec4<f32>(0);
  acc_0 = fma(vec4<f32>(x_staged[at_2]), w[oc_o], acc_0);
  acc_0 = fma(vec4<f32>(x_staged[at_2 + 1]), w[oc_o + 1], acc_0);
  acc_0 = fma(vec4<f32>(x_staged[at_2 + 2]), w[oc_o + 2], acc_0);
  acc_0 = fma(vec4<f32>(x_staged[at_2 + 3]), w[oc_o + 3], acc_0);
  acc_0 = fma(vec4<f32>(x_staged[at_2 + 24]), w[oc_o + 4], acc_0);
  acc_0 = fma(vec4<f32>(x_staged[at_2 + 25]), w[oc_o + 5], acc_0);
  acc_0 = fma(vec4<f32>(x_staged[at_2 + 26]), w[oc_o + 6], acc_0);
  acc_0 = fma(vec4<f32>(x_staged[at_2 + 27]), w[oc_o + 7], acc_0);
  y[at_3 + 1] = (acc_0 + a2[oc_o]);
}


// shader 4, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
@compute @workgroup_size(42)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ic_o = 0;
  let oh = lane / 7;
  let at = ic_o + 6 * oh;
  let at_1 = ic_o + 7 * oh;
  let iw_at = lane % 7;
  let at_2 = at + iw_at;
  let at_3 = at_1 + iw_at;
  x_staged[at_3] = select(vec4<f32>(0f), x[at_2 - 1], (u32(iw_at - 1) < 6u));
}


// shader 5, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(6)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let oh_o = 0;
  let at = 168 * oh_o;
  let at_1 = oc_o + 144 * oh_o;
  let ow = lane;
  let at_2 = at + 4 * ow;
  let at_3 = at_1 + 2 * ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  var acc_16_0 = vec4<f32>(0);
  var acc_20_0 = vec4<f32>(0);
  for (var k = 0; k < 8; k++) {
    let at_4 = oc_o + k;
    let at_5 = at_2 + k;
    let v0 = w[at_4];
    acc_0_0 = fma(vec4<f32>(x_staged[at_5]), v0, acc_0_0);
    acc_4_0 = fma(vec4<f32>(x_staged[at_5 + 28]), v0, acc_4_0);
    acc_8_0 = fma(vec4<f32>(x_staged[at_5 + 56]), v0, acc_8_0);
    acc_12_0 = fma(vec4<f32>(x_staged[at_5 + 84]), v0, acc_12_0);
    acc_16_0 = fma(vec4<f32>(x_staged[at_5 + 112]), v0, acc_16_0);
    acc_20_0 = fma(vec4<f32>(x_staged[at_5 + 140]), v0, acc_20_0);
  }
  var tile: array<vec4<f32>, 6>;
  tile[0] = acc_0_0;
  tile[1] = acc_4_0;
  tile[2] = acc_8_0;
  tile[3] = acc_12_0;
  tile[4] = acc_16_0;
  tile[5] = acc_20_0;
  {
    let oc_i_v = 0;
    let at_6 = oc_o + oc_i_v;
    let at_7 = at_3 + oc_i_v;
    for (var oh_i = 0; oh_i < 6; oh_i++) {
      let at_8 = oc_i_v + oh_i;
      let at_9 = at_7 + 24 * oh_i;
      y[at_9 + 12] = (tile[at_8] + a2[at_6]);
    }
  }
}


// shader 6, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(36)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let oh_o = lane / 6;
  let at = 24 * oh_o;
  let at_1 = oc_o + 24 * oh_o;
  let ow = lane % 6;
  let at_2 = at + 4 * ow;
  let at_3 = at_1 + 2 * ow;
  var acc_0 = vec4<f32>(0);
  acc_0 = fma(vec4<f32>(x[at_2]), w[oc_o], acc_0);
  acc_0 = fma(vec4<f32>(x[at_2 + 1]), w[oc_o + 1], acc_0);
  acc_0 = fma(vec4<f32>(x[at_2 + 2]), w[oc_o + 2], acc_0);
  acc_0 = fma(vec4<f32>(x[at_2 + 3]), w[oc_o + 3], acc_0);
  y[at_3 + 13] = (acc_0 + a2[oc_o]);
}

