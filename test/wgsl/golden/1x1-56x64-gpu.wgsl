// shader 0, workgroups once: 256 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_g = group / 128;
  let at = 128 * oc_g;
  let at_1 = 8192 * oc_g;
  let oc_l = (group / 8) % 16;
  let at_2 = at + 8 * oc_l;
  let at_3 = at_1 + 512 * oc_l;
  let ic_o = group % 8;
  let at_4 = at_2 + 2048 * ic_o;
  let at_5 = at_3 + 64 * ic_o;
  let ic_i = lane / 8;
  let at_6 = at_4 + 256 * ic_i;
  let at_7 = at_5 + 8 * ic_i;
  let oc_i = lane % 8;
  let at_8 = at_6 + oc_i;
  let at_9 = at_7 + oc_i;
  w_packed[at_9] = w[at_8];
}


// shader 1, workgroups each run: 56 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
var<workgroup> x_shared: array<f32, 896>;
var<workgroup> w_packed_shared: array<vec4<f32>, 256>;
@compute @workgroup_size(224)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_g = group / 28;
  let at = 2048 * oc_g;
  let at_1 = 32 * oc_g;
  let p_g = group % 28;
  let at_2 = 1792 * p_g;
  let at_3 = at_1 + 7168 * p_g;
  let p_l = lane / 16;
  let at_4 = 64 * p_l;
  let at_5 = at_3 + 512 * p_l;
  let oc_l = lane % 16;
  let at_6 = 16 * oc_l;
  let at_7 = at_1 + 2 * oc_l;
  let at_8 = at_5 + 2 * oc_l;
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
  for (var ic_o = 0; ic_o < 8; ic_o++) {
    let at_9 = at_2 + 2 * ic_o;
    let at_10 = at + 16 * ic_o;
    {
      let x_shared_turn = 0;
      let x_shared_n = oc_l + 16 * p_l + 224 * x_shared_turn;
      let at_11 = 4 * x_shared_n;
      let x_shared_2 = x_shared_n / 2;
      let at_12 = at_9 + 16 * x_shared_2;
      let x_shared_2_rest = x_shared_n % 2;
      let at_13 = at_12 + x_shared_2_rest;
      let v = x[at_13];
      x_shared[at_11] = v[0];
      x_shared[at_11 + 1] = v[1];
      x_shared[at_11 + 2] = v[2];
      x_shared[at_11 + 3] = v[3];
    }
    for (var w_packed_shared_turn = 0; w_packed_shared_turn < 2; w_packed_shared_turn++) {
      let w_packed_shared_n = oc_l + 16 * p_l + 224 * w_packed_shared_turn;
      if ((w_packed_shared_n < 256)) {
        let w_packed_shared_1 = w_packed_shared_n / 16;
        let at_14 = at_10 + 128 * w_packed_shared_1;
        let w_packed_shared_1_rest = w_packed_shared_n % 16;
        let at_15 = at_14 + w_packed_shared_1_rest;
        w_packed_shared[w_packed_shared_n] = w_packed[at_15];
      }
    }
    workgroupBarrier();
    for (var ic_i = 0; ic_i < 8; ic_i++) {
      let at_16 = at_4 + ic_i;
      let at_17 = at_6 + 2 * ic_i;
      let v0 = vec4<f32>(x_shared[at_16]);
      let v1 = w_packed_shared[at_17];
      acc_0_0 = fma(v0, v1, acc_0_0);
      let v2 = w_packed_shared[at_17 + 1];
      acc_4_0 = fma(v0, v2, acc_4_0);
      let v3 = vec4<f32>(x_shared[at_16 + 8]);
      acc_8_0 = fma(v3, v1, acc_8_0);
      acc_12_0 = fma(v3, v2, acc_12_0);
      let v4 = vec4<f32>(x_shared[at_16 + 16]);
      acc_16_0 = fma(v4, v1, acc_16_0);
      acc_20_0 = fma(v4, v2, acc_20_0);
      let v5 = vec4<f32>(x_shared[at_16 + 24]);
      acc_24_0 = fma(v5, v1, acc_24_0);
      acc_28_0 = fma(v5, v2, acc_28_0);
      let v6 = vec4<f32>(x_shared[at_16 + 32]);
      acc_32_0 = fma(v6, v1, acc_32_0);
      acc_36_0 = fma(v6, v2, acc_36_0);
      let v7 = vec4<f32>(x_shared[at_16 + 40]);
      acc_40_0 = fma(v7, v1, acc_40_0);
      acc_44_0 = fma(v7, v2, acc_44_0);
      let v8 = vec4<f32>(x_shared[at_16 + 48]);
      acc_48_0 = fma(v8, v1, acc_48_0);
      acc_52_0 = fma(v8, v2, acc_52_0);
      let v9 = vec4<f32>(x_shared[at_16 + 56]);
      acc_56_0 = fma(v9, v1, acc_56_0);
      acc_60_0 = fma(v9, v2, acc_60_0);
    }
    workgroupBarrier();
  }
  let v10 = a2[at_7];
  y[at_8] = (acc_0_0 + v10);
  let v11 = a2[at_7 + 1];
  y[at_8 + 1] = (acc_4_0 + v11);
  y[at_8 + 64] = (acc_8_0 + v10);
  y[at_8 + 65] = (acc_12_0 + v11);
  y[at_8 + 128] = (acc_16_0 + v10);
  y[at_8 + 129] = (acc_20_0 + v11);
  y[at_8 + 192] = (acc_24_0 + v10);
  y[at_8 + 193] = (acc_28_0 + v11);
  y[at_8 + 256] = (acc_32_0 + v10);
  y[at_8 + 257] = (acc_36_0 + v11);
  y[at_8 + 320] = (acc_40_0 + v10);
  y[at_8 + 321] = (acc_44_0 + v11);
  y[at_8 + 384] = (acc_48_0 + v10);
  y[at_8 + 385] = (acc_52_0 + v11);
  y[at_8 + 448] = (acc_56_0 + v10);
  y[at_8 + 449] = (acc_60_0 + v11);
}

