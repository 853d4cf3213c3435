// shader 0, workgroups once: 576 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = group / 144;
  let at = 16 * oc_o;
  let at_1 = 9216 * oc_o;
  let kh = (group / 48) % 3;
  let at_2 = at + 12288 * kh;
  let at_3 = at_1 + 3072 * kh;
  let kw = (group / 16) % 3;
  let at_4 = at_2 + 4096 * kw;
  let at_5 = at_3 + 1024 * kw;
  let ic_g = group % 16;
  let at_6 = at_4 + 256 * ic_g;
  let at_7 = at_5 + 64 * ic_g;
  let ic_l = lane / 16;
  let at_8 = at_6 + 64 * ic_l;
  let at_9 = at_7 + 16 * ic_l;
  let oc_i = lane % 16;
  let at_10 = at_8 + oc_i;
  let at_11 = at_9 + oc_i;
  w_packed[at_11] = w[at_10];
}


// shader 1, workgroups each run: 870 x 1
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ih_at = group / 15;
  let at = 3584 * ih_at;
  let at_1 = 3712 * ih_at;
  let iw_at_g = group % 15;
  let at_2 = at + 256 * iw_at_g;
  let at_3 = at_1 + 256 * iw_at_g;
  let iw_at_l = lane / 16;
  let at_4 = at_2 + 64 * iw_at_l;
  let at_5 = at_3 + 64 * iw_at_l;
  let ic_o = lane % 16;
  let at_6 = at_4 + 4 * ic_o;
  let at_7 = at_5 + 4 * ic_o;
  if ((u32(4 * iw_at_g + iw_at_l) < 58u)) {
    x_staged[at_7] = select(0f, x[at_6 - 3648], ((u32(ih_at - 1) < 56u) & (u32(4 * iw_at_g + iw_at_l - 1) < 56u)));
  }
  if ((u32(4 * iw_at_g + iw_at_l) < 58u)) {
    x_staged[at_7 + 1] = select(0f, x[at_6 - 3647], ((u32(ih_at - 1) < 56u) & (u32(4 * iw_at_g + iw_at_l - 1) < 56u)));
  }
  if ((u32(4 * iw_at_g + iw_at_l) < 58u)) {
    x_staged[at_7 + 2] = select(0f, x[at_6 - 3646], ((u32(ih_at - 1) < 56u) & (u32(4 * iw_at_g + iw_at_l - 1) < 56u)));
  }
  if ((u32(4 * iw_at_g + iw_at_l) < 58u)) {
    x_staged[at_7 + 3] = select(0f, x[at_6 - 3645], ((u32(ih_at - 1) < 56u) & (u32(4 * iw_at_g + iw_at_l - 1) < 56u)));
  }
}


// shader 2, workgroups each run: 56 x 1
@group(0) @binding(0) var<storage, read> x_staged: array<f32>;
@group(0) @binding(1) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(56)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = group / 14;
  let at = 2304 * oc_o;
  let at_1 = 4 * oc_o;
  let oh_o = group % 14;
  let at_2 = 14848 * oh_o;
  let at_3 = at_1 + 3584 * oh_o;
  let ow = lane;
  let at_4 = at_2 + 64 * ow;
  let at_5 = at_3 + 16 * ow;
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
  var acc_56_0 = vec4<f32>(0);
  var acc_60_0 = vec4<f32>(0);
  for (var kh = 0; kh < 3; kh++) {
    let at_6 = at_4 + 3712 * kh;
    let at_7 = at + 768 * kh;
    for (var kw = 0; kw < 3; kw++) {
      let at_8 = at_6 + 64 * kw;
      let at_9 = at_7 + 256 * kw;
      for (var ic = 0; ic < 64; ic++) {
        let at_10 = at_8 + ic;
        let at_11 = at_9 + 4 * ic;
        let v0 = vec4<f32>(x_staged[at_10]);
        let v1 = w_packed[at_11];
        acc_0_0 = fma(v0, v1, acc_0_0);
        let v2 = w_packed[at_11 + 1];
        acc_4_0 = fma(v0, v2, acc_4_0);
        let v3 = w_packed[at_11 + 2];
        acc_8_0 = fma(v0, v3, acc_8_0);
        let v4 = w_packed[at_11 + 3];
        acc_12_0 = fma(v0, v4, acc_12_0);
        let v5 = vec4<f32>(x_staged[at_10 + 3712]);
        acc_16_0 = fma(v5, v1, acc_16_0);
        acc_20_0 = fma(v5, v2, acc_20_0);
        acc_24_0 = fma(v5, v3, acc_24_0);
        acc_28_0 = fma(v5, v4, acc_28_0);
        let v6 = vec4<f32>(x_staged[at_10 + 7424]);
        acc_32_0 = fma(v6, v1, acc_32_0);
        acc_36_0 = fma(v6, v2, acc_36_0);
        acc_40_0 = fma(v6, v3, acc_40_0);
        acc_44_0 = fma(v6, v4, acc_44_0);
        let v7 = vec4<f32>(x_staged[at_10 + 11136]);
        acc_48_0 = fma(v7, v1, acc_48_0);
        acc_52_0 = fma(v7, v2, acc_52_0);
        acc_56_0 = fma(v7, v3, acc_56_0);
        acc_60_0 = fma(v7, v4, acc_60_0);
      }
    }
  }
  let v8 = a2[at_1];
  y[at_5] = (acc_0_0 + v8);
  let v9 = a2[at_1 + 1];
  y[at_5 + 1] = (acc_4_0 + v9);
  let v10 = a2[at_1 + 2];
  y[at_5 + 2] = (acc_8_0 + v10);
  let v11 = a2[at_1 + 3];
  y[at_5 + 3] = (acc_12_0 + v11);
  y[at_5 + 896] = (acc_16_0 + v8);
  y[at_5 + 897] = (acc_20_0 + v9);
  y[at_5 + 898] = (acc_24_0 + v10);
  y[at_5 + 899] = (acc_28_0 + v11);
  y[at_5 + 1792] = (acc_32_0 + v8);
  y[at_5 + 1793] = (acc_36_0 + v9);
  y[at_5 + 1794] = (acc_40_0 + v10);
  y[at_5 + 1795] = (acc_44_0 + v11);
  y[at_5 + 2688] = (acc_48_0 + v8);
  y[at_5 + 2689] = (acc_52_0 + v9);
  y[at_5 + 2690] = (acc_56_0 + v10);
  y[at_5 + 2691] = (acc_60_0 + v11);
}

