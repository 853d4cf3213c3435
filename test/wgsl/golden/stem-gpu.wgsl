// shader 0, workgroups once: 9 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(96)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_g = 0;
  let at = 32 * oc_g;
  let at_1 = 864 * oc_g;
  let kh = (group / 3) % 3;
  let at_2 = at + 288 * kh;
  let at_3 = at_1 + 72 * kh;
  let kw = group % 3;
  let at_4 = at_2 + 96 * kw;
  let at_5 = at_3 + 24 * kw;
  let oc_l = lane / 24;
  let at_6 = at_4 + 8 * oc_l;
  let at_7 = at_5 + 216 * oc_l;
  let ic = (lane / 8) % 3;
  let at_8 = at_6 + 32 * ic;
  let at_9 = at_7 + 8 * ic;
  let oc_i = lane % 8;
  let at_10 = at_8 + oc_i;
  let at_11 = at_9 + oc_i;
  w_packed[at_11] = w[at_10];
}


// shader 1, workgroups each run: 56 x 1
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
var<workgroup> x_shared: array<f32, 2871>;
var<workgroup> w_packed_shared: array<vec4<f32>, 216>;
@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_g = 0;
  let at = 216 * oc_g;
  let at_1 = 8 * oc_g;
  let oh_g = (group / 8) % 7;
  let at_2 = at_1 + 14336 * oh_g;
  let ow_g = group % 8;
  let at_3 = at_2 + 112 * ow_g;
  let oh_l = lane / 8;
  let at_4 = 174 * oh_l;
  let at_5 = at_3 + 896 * oh_l;
  let ow_l = (lane / 4) % 2;
  let at_6 = at_4 + 42 * ow_l;
  let at_7 = at_5 + 56 * ow_l;
  let oc_l = lane % 4;
  let at_8 = 54 * oc_l;
  let at_9 = at_1 + 2 * oc_l;
  let at_10 = at_7 + 2 * oc_l;
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
  for (var x_shared_turn = 0; x_shared_turn < 23; x_shared_turn++) {
    let x_shared_n = oc_l + 8 * oh_l + 4 * ow_l + 128 * x_shared_turn;
    if ((x_shared_n < 2871)) {
      let x_shared_0 = x_shared_n / 87;
      let x_shared_0_rest = x_shared_n % 87;
      let x_shared_ih = 32 * oh_g + x_shared_0;
      let at_11 = 672 * x_shared_ih;
      let x_shared_1 = x_shared_0_rest / 3;
      let x_shared_1_rest = x_shared_0_rest % 3;
      let at_12 = at_11 + x_shared_1_rest;
      let x_shared_iw = 28 * ow_g + x_shared_1;
      let at_13 = at_12 + 3 * x_shared_iw;
      x_shared[x_shared_n] = select(0f, x[at_13], ((x_shared_ih < 224) & (x_shared_iw < 224)));
    }
  }
  for (var w_packed_shared_turn = 0; w_packed_shared_turn < 2; w_packed_shared_turn++) {
    let w_packed_shared_n = oc_l + 8 * oh_l + 4 * ow_l + 128 * w_packed_shared_turn;
    let at_14 = at + w_packed_shared_n;
    if ((w_packed_shared_n < 216)) {
      w_packed_shared[w_packed_shared_n] = w_packed[at_14];
    }
  }
  workgroupBarrier();
  for (var kh = 0; kh < 3; kh++) {
    let at_15 = at_6 + 87 * kh;
    let at_16 = at_8 + 18 * kh;
    for (var kw = 0; kw < 3; kw++) {
      let at_17 = at_15 + 3 * kw;
      let at_18 = at_16 + 6 * kw;
      for (var ic = 0; ic < 3; ic++) {
        let at_19 = at_17 + ic;
        let at_20 = at_18 + 2 * ic;
        let v0 = vec4<f32>(x_shared[at_19]);
        let v1 = w_packed_shared[at_20];
        acc_0_0 = fma(v0, v1, acc_0_0);
        let v2 = w_packed_shared[at_20 + 1];
        acc_4_0 = fma(v0, v2, acc_4_0);
        let v3 = vec4<f32>(x_shared[at_19 + 6]);
        acc_8_0 = fma(v3, v1, acc_8_0);
        acc_12_0 = fma(v3, v2, acc_12_0);
        let v4 = vec4<f32>(x_shared[at_19 + 12]);
        acc_16_0 = fma(v4, v1, acc_16_0);
        acc_20_0 = fma(v4, v2, acc_20_0);
        let v5 = vec4<f32>(x_shared[at_19 + 18]);
        acc_24_0 = fma(v5, v1, acc_24_0);
        acc_28_0 = fma(v5, v2, acc_28_0);
        let v6 = vec4<f32>(x_shared[at_19 + 24]);
        acc_32_0 = fma(v6, v1, acc_32_0);
        acc_36_0 = fma(v6, v2, acc_36_0);
        let v7 = vec4<f32>(x_shared[at_19 + 30]);
        acc_40_0 = fma(v7, v1, acc_40_0);
        acc_44_0 = fma(v7, v2, acc_44_0);
        let v8 = vec4<f32>(x_shared[at_19 + 36]);
        acc_48_0 = fma(v8, v1, acc_48_0);
        acc_52_0 = fma(v8, v2, acc_52_0);
      }
    }
  }
  workgroupBarrier();
  let v9 = a2[at_9];
  y[at_10] = (acc_0_0 + v9);
  let v10 = a2[at_9 + 1];
  y[at_10 + 1] = (acc_4_0 + v10);
  y[at_10 + 8] = (acc_8_0 + v9);
  y[at_10 + 9] = (acc_12_0 + v10);
  y[at_10 + 16] = (acc_16_0 + v9);
  y[at_10 + 17] = (acc_20_0 + v10);
  y[at_10 + 24] = (acc_24_0 + v9);
  y[at_10 + 25] = (acc_28_0 + v10);
  y[at_10 + 32] = (acc_32_0 + v9);
  y[at_10 + 33] = (acc_36_0 + v10);
  y[at_10 + 40] = (acc_40_0 + v9);
  y[at_10 + 41] = (acc_44_0 + v10);
  y[at_10 + 48] = (acc_48_0 + v9);
  y[at_10 + 49] = (acc_52_0 + v10);
}

