// shader 0, workgroups once: 1 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 4 * oc_o;
  let at_1 = 64 * oc_o;
  let kh = (lane / 32) % 2;
  let at_2 = at + 32 * kh;
  let at_3 = at_1 + 32 * kh;
  let k = (lane / 4) % 8;
  let at_4 = at_2 + 4 * k;
  let at_5 = at_3 + 4 * k;
  let oc_i = lane % 4;
  let at_6 = at_4 + oc_i;
  let at_7 = at_5 + oc_i;
  w_packed[at_7] = w[at_6];
}


// shader 1, workgroups once: 1 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 4 * oc_o;
  let at_1 = 32 * oc_o;
  let kh = (lane / 16) % 2;
  let at_2 = at + 16 * kh;
  let at_3 = at_1 + 16 * kh;
  let ic = (lane / 4) % 4;
  let at_4 = at_2 + 4 * ic;
  let at_5 = at_3 + 4 * ic;
  let oc_i = lane % 4;
  let at_6 = at_4 + oc_i;
  let at_7 = at_5 + oc_i;
  w_packed[at_7] = w[at_6];
}


// shader 2, workgroups once: 1 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 4 * oc_o;
  let at_1 = 32 * oc_o;
  let k = (lane / 4) % 8;
  let at_2 = at + 4 * k;
  let at_3 = at_1 + 4 * k;
  let oc_i = lane % 4;
  let at_4 = at_2 + oc_i;
  let at_5 = at_3 + oc_i;
  w_packed[at_5] = w[at_4];
}


// shader 3, workgroups once: 1 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 4 * oc_o;
  let at_1 = 16 * oc_o;
  let ic = (lane / 4) % 4;
  let at_2 = at + 4 * ic;
  let at_3 = at_1 + 4 * ic;
  let oc_i = lane % 4;
  let at_4 = at_2 + oc_i;
  let at_5 = at_3 + oc_i;
  w_packed[at_5] = w[at_4];
}


// shader 4, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
@compute @workgroup_size(49)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ih_at = lane / 7;
  let at = 6 * ih_at;
  let at_1 = 7 * ih_at;
  let iw_at = lane % 7;
  let at_2 = at + iw_at;
  let at_3 = at_1 + iw_at;
  let ic_o = 0;
  let at_4 = at_2 + ic_o;
  let at_5 = at_3 + ic_o;
  x_staged[at_5] = select(vec4<f32>(0f), x[at_4 - 7], ((u32(ih_at - 1) < 6u) & (u32(iw_at - 1) < 6u)));
}


// shader 5, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(6)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 16 * oc_o;
  let oh_o = 0;
  let at_1 = 168 * oh_o;
  let at_2 = oc_o + 144 * oh_o;
  let ow = lane % 6;
  let at_3 = at_1 + 4 * ow;
  let at_4 = at_2 + 2 * ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  var acc_16_0 = vec4<f32>(0);
  var acc_20_0 = vec4<f32>(0);
  for (var kh = 0; kh < 2; kh++) {
    let at_5 = at + 8 * kh;
    let at_6 = at_3 + 28 * kh;
    for (var k = 0; k < 8; k++) {
      let at_7 = at_5 + k;
      let at_8 = at_6 + k;
      let v0 = w_packed[at_7];
      acc_0_0 = fma(vec4<f32>(x_staged[at_8]), v0, acc_0_0);
      acc_4_0 = fma(vec4<f32>(x_staged[at_8 + 28]), v0, acc_4_0);
      acc_8_0 = fma(vec4<f32>(x_staged[at_8 + 56]), v0, acc_8_0);
      acc_12_0 = fma(vec4<f32>(x_staged[at_8 + 84]), v0, acc_12_0);
      acc_16_0 = fma(vec4<f32>(x_staged[at_8 + 112]), v0, acc_16_0);
      acc_20_0 = fma(vec4<f32>(x_staged[at_8 + 140]), v0, acc_20_0);
    }
  }
  let v1 = a2[oc_o];
  y[at_4] = (acc_0_0 + v1);
  y[at_4 + 24] = (acc_4_0 + v1);
  y[at_4 + 48] = (acc_8_0 + v1);
  y[at_4 + 72] = (acc_12_0 + v1);
  y[at_4 + 96] = (acc_16_0 + v1);
  y[at_4 + 120] = (acc_20_0 + v1);
}


// shader 6, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
@compute @workgroup_size(42)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ih_at = lane / 6;
  let at = 6 * ih_at;
  let ow = lane % 6;
  let at_1 = at + ow;
  let ic_o = 0;
  let at_2 = at_1 + ic_o;
  x_staged[at_2] = select(vec4<f32>(0f), x[at_2 - 6], (u32(ih_at - 1) < 6u));
}


// shader 7, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(6)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 8 * oc_o;
  let oh_o = 0;
  let at_1 = 144 * oh_o;
  let at_2 = oc_o + 144 * oh_o;
  let ow = lane % 6;
  let at_3 = at_1 + 4 * ow;
  let at_4 = at_2 + 2 * ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  var acc_16_0 = vec4<f32>(0);
  var acc_20_0 = vec4<f32>(0);
  for (var kh = 0; kh < 2; kh++) {
    let at_5 = at + 4 * kh;
    let at_6 = at_3 + 24 * kh;
    for (var ic = 0; ic < 4; ic++) {
      let at_7 = at_5 + ic;
      let at_8 = at_6 + ic;
      let v0 = w_packed[at_7];
      acc_0_0 = fma(vec4<f32>(x_staged[at_8]), v0, acc_0_0);
      acc_4_0 = fma(vec4<f32>(x_staged[at_8 + 24]), v0, acc_4_0);
      acc_8_0 = fma(vec4<f32>(x_staged[at_8 + 48]), v0, acc_8_0);
      acc_12_0 = fma(vec4<f32>(x_staged[at_8 + 72]), v0, acc_12_0);
      acc_16_0 = fma(vec4<f32>(x_staged[at_8 + 96]), v0, acc_16_0);
      acc_20_0 = fma(vec4<f32>(x_staged[at_8 + 120]), v0, acc_20_0);
    }
  }
  let v1 = a2[oc_o];
  y[at_4 + 1] = (acc_0_0 + v1);
  y[at_4 + 25] = (acc_4_0 + v1);
  y[at_4 + 49] = (acc_8_0 + v1);
  y[at_4 + 73] = (acc_12_0 + v1);
  y[at_4 + 97] = (acc_16_0 + v1);
  y[at_4 + 121] = (acc_20_0 + v1);
}


// shader 8, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
@compute @workgroup_size(42)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oh = lane / 7;
  let at = 6 * oh;
  let at_1 = 7 * oh;
  let iw_at = lane % 7;
  let at_2 = at + iw_at;
  let at_3 = at_1 + iw_at;
  let ic_o = 0;
  let at_4 = at_2 + ic_o;
  let at_5 = at_3 + ic_o;
  x_staged[at_5] = select(vec4<f32>(0f), x[at_4 - 1], (u32(iw_at - 1) < 6u));
}


// shader 9, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(6)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 8 * oc_o;
  let oh_o = 0;
  let at_1 = 168 * oh_o;
  let at_2 = oc_o + 144 * oh_o;
  let ow = lane % 6;
  let at_3 = at_1 + 4 * ow;
  let at_4 = at_2 + 2 * ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  var acc_16_0 = vec4<f32>(0);
  var acc_20_0 = vec4<f32>(0);
  for (var k = 0; k < 8; k++) {
    let at_5 = at + k;
    let at_6 = at_3 + k;
    let v0 = w_packed[at_5];
    acc_0_0 = fma(vec4<f32>(x_staged[at_6]), v0, acc_0_0);
    acc_4_0 = fma(vec4<f32>(x_staged[at_6 + 28]), v0, acc_4_0);
    acc_8_0 = fma(vec4<f32>(x_staged[at_6 + 56]), v0, acc_8_0);
    acc_12_0 = fma(vec4<f32>(x_staged[at_6 + 84]), v0, acc_12_0);
    acc_16_0 = fma(vec4<f32>(x_staged[at_6 + 112]), v0, acc_16_0);
    acc_20_0 = fma(vec4<f32>(x_staged[at_6 + 140]), v0, acc_20_0);
  }
  let v1 = a2[oc_o];
  y[at_4 + 12] = (acc_0_0 + v1);
  y[at_4 + 36] = (acc_4_0 + v1);
  y[at_4 + 60] = (acc_8_0 + v1);
  y[at_4 + 84] = (acc_12_0 + v1);
  y[at_4 + 108] = (acc_16_0 + v1);
  y[at_4 + 132] = (acc_20_0 + v1);
}


// shader 10, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(6)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 4 * oc_o;
  let oh_o = 0;
  let at_1 = 144 * oh_o;
  let at_2 = oc_o + 144 * oh_o;
  let ow = lane % 6;
  let at_3 = at_1 + 4 * ow;
  let at_4 = at_2 + 2 * ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  var acc_16_0 = vec4<f32>(0);
  var acc_20_0 = vec4<f32>(0);
  for (var ic = 0; ic < 4; ic++) {
    let at_5 = at + ic;
    let at_6 = at_3 + ic;
    let v0 = w_packed[at_5];
    acc_0_0 = fma(vec4<f32>(x[at_6]), v0, acc_0_0);
    acc_4_0 = fma(vec4<f32>(x[at_6 + 24]), v0, acc_4_0);
    acc_8_0 = fma(vec4<f32>(x[at_6 + 48]), v0, acc_8_0);
    acc_12_0 = fma(vec4<f32>(x[at_6 + 72]), v0, acc_12_0);
    acc_16_0 = fma(vec4<f32>(x[at_6 + 96]), v0, acc_16_0);
    acc_20_0 = fma(vec4<f32>(x[at_6 + 120]), v0, acc_20_0);
  }
  let v1 = a2[oc_o];
  y[at_4 + 13] = (acc_0_0 + v1);
  y[at_4 + 37] = (acc_4_0 + v1);
  y[at_4 + 61] = (acc_8_0 + v1);
  y[at_4 + 85] = (acc_12_0 + v1);
  y[at_4 + 109] = (acc_16_0 + v1);
  y[at_4 + 133] = (acc_20_0 + v1);
}

