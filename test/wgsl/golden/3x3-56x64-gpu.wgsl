// shader 0, workgroups once: 576 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_g = 0;
  let at = 64 * oc_g;
  let at_1 = 36864 * oc_g;
  let oc_l = (group / 72) % 8;
  let at_2 = at + 8 * oc_l;
  let at_3 = at_1 + 4608 * oc_l;
  let kh = (group / 24) % 3;
  let at_4 = at_2 + 12288 * kh;
  let at_5 = at_3 + 1536 * kh;
  let kw = (group / 8) % 3;
  let at_6 = at_4 + 4096 * kw;
  let at_7 = at_5 + 512 * kw;
  let ic_o = group % 8;
  let at_8 = at_6 + 512 * ic_o;
  let at_9 = at_7 + 64 * ic_o;
  let ic_i = lane / 8;
  let at_10 = at_8 + 64 * ic_i;
  let at_11 = at_9 + 8 * ic_i;
  let oc_i = lane % 8;
  let at_12 = at_10 + oc_i;
  let at_13 = at_11 + oc_i;
  w_packed[at_13] = w[at_12];
}


// shader 1, workgroups each run: 49 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
var<workgroup> x_shared: array<f32, 512>;
var<workgroup> w_packed_shared: array<vec4<f32>, 128>;
fn div_floor(i: i32, by: i32) -> i32 { return select(i / by, -((by - 1 - i) / by), i < 0); }
fn mod_floor(i: i32, by: i32) -> i32 { let rest = i % by; return select(rest, rest + by, rest < 0); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_g = 0;
  let at = 9216 * oc_g;
  let at_1 = 16 * oc_g;
  let oh_g = (group / 7) % 7;
  let at_2 = at_1 + 7168 * oh_g;
  let ow_g = group % 7;
  let at_3 = at_2 + 128 * ow_g;
  let oh_l = lane / 8;
  let at_4 = 64 * oh_l;
  let at_5 = at_3 + 896 * oh_l;
  let ow_l = 0;
  let at_6 = at_4 + 64 * ow_l;
  let at_7 = at_5 + 128 * ow_l;
  let oc_l = lane % 8;
  let at_8 = 16 * oc_l;
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
  var acc_56_0 = vec4<f32>(0);
  var acc_60_0 = vec4<f32>(0);
  for (var kh = 0; kh < 3; kh++) {
    let at_11 = at + 384 * kh;
    for (var kw = 0; kw < 3; kw++) {
      let at_12 = at_11 + 128 * kw;
      for (var ic_o = 0; ic_o < 8; ic_o++) {
        let at_13 = 2 * ic_o;
        let at_14 = at_12 + 16 * ic_o;
        for (var x_shared_turn = 0; x_shared_turn < 2; x_shared_turn++) {
          let x_shared_n = oc_l + 8 * oh_l + 8 * ow_l + 64 * x_shared_turn;
          let at_15 = 4 * x_shared_n;
          let x_shared_0 = div_floor(x_shared_n, 16);
          let x_shared_0_rest = mod_floor(x_shared_n, 16);
          let x_shared_ih = kh + 8 * oh_g + x_shared_0 - 1;
          let at_16 = at_13 + 896 * x_shared_ih;
          let x_shared_1 = div_floor(x_shared_0_rest, 2);
          let x_shared_1_rest = mod_floor(x_shared_0_rest, 2);
          let at_17 = at_16 + x_shared_1_rest;
          let x_shared_iw = kw + 8 * ow_g + x_shared_1 - 1;
          let at_18 = at_17 + 16 * x_shared_iw;
          let v = select(vec4<f32>(0f), x[at_18], ((u32(x_shared_ih) < 56u) & (u32(x_shared_iw) < 56u)));
          x_shared[at_15] = v[0];
          x_shared[at_15 + 1] = v[1];
          x_shared[at_15 + 2] = v[2];
          x_shared[at_15 + 3] = v[3];
        }
        for (var w_packed_shared_turn = 0; w_packed_shared_turn < 2; w_packed_shared_turn++) {
          let w_packed_shared_n = oc_l + 8 * oh_l + 8 * ow_l + 64 * w_packed_shared_turn;
          let w_packed_shared_1 = div_floor(w_packed_shared_n, 16);
          let at_19 = at_14 + 1152 * w_packed_shared_1;
          let w_packed_shared_1_rest = mod_floor(w_packed_shared_n, 16);
          let w_packed_shared_5 = div_floor(w_packed_shared_1_rest, 2);
          let at_20 = at_19 + 2 * w_packed_shared_5;
          let w_packed_shared_5_rest = mod_floor(w_packed_shared_1_rest, 2);
          let at_21 = at_20 + w_packed_shared_5_rest;
          w_packed_shared[w_packed_shared_n] = w_packed[at_21];
        }
        workgroupBarrier();
        for (var ic_i = 0; ic_i < 8; ic_i++) {
          let at_22 = at_6 + ic_i;
          let at_23 = at_8 + 2 * ic_i;
          let v0 = vec4<f32>(x_shared[at_22]);
          let v1 = w_packed_shared[at_23];
          acc_0_0 = fma(v0, v1, acc_0_0);
          let v2 = w_packed_shared[at_23 + 1];
          acc_4_0 = fma(v0, v2, acc_4_0);
          let v3 = vec4<f32>(x_shared[at_22 + 8]);
          acc_8_0 = fma(v3, v1, acc_8_0);
          acc_12_0 = fma(v3, v2, acc_12_0);
          let v4 = vec4<f32>(x_shared[at_22 + 16]);
          acc_16_0 = fma(v4, v1, acc_16_0);
          acc_20_0 = fma(v4, v2, acc_20_0);
          let v5 = vec4<f32>(x_shared[at_22 + 24]);
          acc_24_0 = fma(v5, v1, acc_24_0);
          acc_28_0 = fma(v5, v2, acc_28_0);
          let v6 = vec4<f32>(x_shared[at_22 + 32]);
          acc_32_0 = fma(v6, v1, acc_32_0);
          acc_36_0 = fma(v6, v2, acc_36_0);
          let v7 = vec4<f32>(x_shared[at_22 + 40]);
          acc_40_0 = fma(v7, v1, acc_40_0);
          acc_44_0 = fma(v7, v2, acc_44_0);
          let v8 = vec4<f32>(x_shared[at_22 + 48]);
          acc_48_0 = fma(v8, v1, acc_48_0);
          acc_52_0 = fma(v8, v2, acc_52_0);
          let v9 = vec4<f32>(x_shared[at_22 + 56]);
          acc_56_0 = fma(v9, v1, acc_56_0);
          acc_60_0 = fma(v9, v2, acc_60_0);
        }
        workgroupBarrier();
      }
    }
  }
  let v10 = a2[at_9];
  y[at_10] = (acc_0_0 + v10);
  let v11 = a2[at_9 + 1];
  y[at_10 + 1] = (acc_4_0 + v11);
  y[at_10 + 16] = (acc_8_0 + v10);
  y[at_10 + 17] = (acc_12_0 + v11);
  y[at_10 + 32] = (acc_16_0 + v10);
  y[at_10 + 33] = (acc_20_0 + v11);
  y[at_10 + 48] = (acc_24_0 + v10);
  y[at_10 + 49] = (acc_28_0 + v11);
  y[at_10 + 64] = (acc_32_0 + v10);
  y[at_10 + 65] = (acc_36_0 + v11);
  y[at_10 + 80] = (acc_40_0 + v10);
  y[at_10 + 81] = (acc_44_0 + v11);
  y[at_10 + 96] = (acc_48_0 + v10);
  y[at_10 + 97] = (acc_52_0 + v11);
  y[at_10 + 112] = (acc_56_0 + v10);
  y[at_10 + 113] = (acc_60_0 + v11);
}

