// shader 0, workgroups once: 8 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(48)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let g_o = group / 2;
  let at = 8 * g_o;
  let at_1 = 72 * g_o;
  let kh_g = group % 2;
  let at_2 = at + 192 * kh_g;
  let at_3 = at_1 + 48 * kh_g;
  let kh_l = lane / 24;
  let at_4 = at_2 + 96 * kh_l;
  let at_5 = at_3 + 24 * kh_l;
  let kw = (lane / 8) % 3;
  let at_6 = at_4 + 32 * kw;
  let at_7 = at_5 + 8 * kw;
  let g_i = lane % 8;
  let at_8 = at_6 + g_i;
  let at_9 = at_7 + g_i;
  if ((2 * kh_g + kh_l < 3)) {
    w_packed[at_9] = w[at_8];
  }
}


// shader 1, workgroups each run: 150 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
@compute @workgroup_size(48)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ih_at = group / 5;
  let at = 224 * ih_at;
  let at_1 = 240 * ih_at;
  let iw_at_g = group % 5;
  let at_2 = at + 48 * iw_at_g;
  let at_3 = at_1 + 48 * iw_at_g;
  let iw_at_l = lane / 8;
  let at_4 = at_2 + 8 * iw_at_l;
  let at_5 = at_3 + 8 * iw_at_l;
  let g_o = lane % 8;
  let at_6 = at_4 + g_o;
  let at_7 = at_5 + g_o;
  x_staged[at_7] = select(vec4<f32>(0f), x[at_6 - 232], ((u32(ih_at - 1) < 28u) & (u32(6 * iw_at_g + iw_at_l - 1) < 28u)));
}


// shader 2, workgroups each run: 8 x 1
@group(0) @binding(0) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(56)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oh_o = group / 2;
  let at = 1680 * oh_o;
  let at_1 = 1568 * oh_o;
  let ow_g = group % 2;
  let at_2 = at + 112 * ow_g;
  let at_3 = at_1 + 112 * ow_g;
  let ow_l = lane / 4;
  let at_4 = at_2 + 8 * ow_l;
  let at_5 = at_3 + 8 * ow_l;
  let g_o = lane % 4;
  let at_6 = 18 * g_o;
  let at_7 = at_4 + 2 * g_o;
  let at_8 = 2 * g_o;
  let at_9 = at_5 + 2 * g_o;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  var acc_16_0 = vec4<f32>(0);
  var acc_20_0 = vec4<f32>(0);
  var acc_24_0 = vec4<f32>(0);
  var acc_28_0 = vec4<f32>(0);
  var acc_32_0 = vec4<f32>(0);
  var acc_36_0 = vec4<f32>(0);
  var acc_40_0 = vec4<f32>(0);
  var acc_44_0 = vec4<f32>(0);
  var acc_48_0 = vec4<f32>(0);
  var acc_52_0 = vec4<f32>(0);
  for (var kh = 0; kh < 3; kh++) {
    let at_10 = at_6 + 6 * kh;
    let at_11 = at_7 + 240 * kh;
    for (var kw = 0; kw < 3; kw++) {
      let at_12 = at_10 + 2 * kw;
      let at_13 = at_11 + 8 * kw;
      let v0 = w_packed[at_12];
      acc_0_0 = fma(x_staged[at_13], v0, acc_0_0);
      let v1 = w_packed[at_12 + 1];
      acc_4_0 = fma(x_staged[at_13 + 1], v1, acc_4_0);
      acc_8_0 = fma(x_staged[at_13 + 240], v0, acc_8_0);
      acc_12_0 = fma(x_staged[at_13 + 241], v1, acc_12_0);
      acc_16_0 = fma(x_staged[at_13 + 480], v0, acc_16_0);
      acc_20_0 = fma(x_staged[at_13 + 481], v1, acc_20_0);
      acc_24_0 = fma(x_staged[at_13 + 720], v0, acc_24_0);
      acc_28_0 = fma(x_staged[at_13 + 721], v1, acc_28_0);
      acc_32_0 = fma(x_staged[at_13 + 960], v0, acc_32_0);
      acc_36_0 = fma(x_staged[at_13 + 961], v1, acc_36_0);
      acc_40_0 = fma(x_staged[at_13 + 1200], v0, acc_40_0);
      acc_44_0 = fma(x_staged[at_13 + 1201], v1, acc_44_0);
      acc_48_0 = fma(x_staged[at_13 + 1440], v0, acc_48_0);
      acc_52_0 = fma(x_staged[at_13 + 1441], v1, acc_52_0);
    }
  }
  let v2 = a2[at_8];
  y[at_9] = (acc_0_0 + v2);
  let v3 = a2[at_8 + 1];
  y[at_9 + 1] = (acc_4_0 + v3);
  y[at_9 + 224] = (acc_8_0 + v2);
  y[at_9 + 225] = (acc_12_0 + v3);
  y[at_9 + 448] = (acc_16_0 + v2);
  y[at_9 + 449] = (acc_20_0 + v3);
  y[at_9 + 672] = (acc_24_0 + v2);
  y[at_9 + 673] = (acc_28_0 + v3);
  y[at_9 + 896] = (acc_32_0 + v2);
  y[at_9 + 897] = (acc_36_0 + v3);
  y[at_9 + 1120] = (acc_40_0 + v2);
  y[at_9 + 1121] = (acc_44_0 + v3);
  y[at_9 + 1344] = (acc_48_0 + v2);
  y[at_9 + 1345] = (acc_52_0 + v3);
}

