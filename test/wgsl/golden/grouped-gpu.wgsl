// shader 0, workgroups once: 144 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let g = group / 36;
  let at = 16 * g;
  let at_1 = 2304 * g;
  let oc_g = (group / 18) % 2;
  let at_2 = at + 8 * oc_g;
  let at_3 = at_1 + 1152 * oc_g;
  let oc_l = 0;
  let at_4 = at_2 + 8 * oc_l;
  let at_5 = at_3 + 1152 * oc_l;
  let kh = (group / 6) % 3;
  let at_6 = at_4 + 3072 * kh;
  let at_7 = at_5 + 384 * kh;
  let kw = (group / 2) % 3;
  let at_8 = at_6 + 1024 * kw;
  let at_9 = at_7 + 128 * kw;
  let ic_g = group % 2;
  let at_10 = at_8 + 512 * ic_g;
  let at_11 = at_9 + 64 * ic_g;
  let ic_l = lane / 8;
  let at_12 = at_10 + 64 * ic_l;
  let at_13 = at_11 + 8 * ic_l;
  let oc_i = lane % 8;
  let at_14 = at_12 + oc_i;
  let at_15 = at_13 + oc_i;
  w_packed[at_15] = w[at_14];
}


// shader 1, workgroups each run: 32 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
var<workgroup> x_shared: array<f32, 1600>;
var<workgroup> w_packed_shared: array<vec4<f32>, 288>;
@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let g = group / 8;
  let at = 4 * g;
  let at_1 = 576 * g;
  let oc_g = (group / 4) % 2;
  let at_2 = at_1 + 288 * oc_g;
  let at_3 = at + 2 * oc_g;
  let oh_g = (group / 2) % 2;
  let at_4 = at_3 + 2048 * oh_g;
  let ow_g = group % 2;
  let at_5 = at_4 + 128 * ow_g;
  let oh_l = lane / 4;
  let at_6 = 160 * oh_l;
  let at_7 = at_5 + 256 * oh_l;
  let ow_l = lane % 4;
  let at_8 = at_6 + 32 * ow_l;
  let at_9 = at_7 + 32 * ow_l;
  let oc_l = 0;
  let at_10 = 288 * oc_l;
  let at_11 = at_3 + 2 * oc_l;
  let at_12 = at_9 + 2 * oc_l;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  for (var x_shared_turn = 0; x_shared_turn < 13; x_shared_turn++) {
    let x_shared_n = oc_l + 4 * oh_l + ow_l + 32 * x_shared_turn;
    let at_13 = 4 * x_shared_n;
    if ((x_shared_n < 400)) {
      let x_shared_0 = x_shared_n / 40;
      let x_shared_0_rest = x_shared_n % 40;
      let x_shared_ih = 8 * oh_g + x_shared_0 - 1;
      let at_14 = at + 256 * x_shared_ih;
      let x_shared_1 = x_shared_0_rest / 4;
      let x_shared_1_rest = x_shared_0_rest % 4;
      let at_15 = at_14 + x_shared_1_rest;
      let x_shared_iw = 8 * ow_g + x_shared_1 - 1;
      let at_16 = at_15 + 16 * x_shared_iw;
      let v = select(vec4<f32>(0f), x[at_16], ((u32(x_shared_ih) < 16u) & (u32(x_shared_iw) < 16u)));
      x_shared[at_13] = v[0];
      x_shared[at_13 + 1] = v[1];
      x_shared[at_13 + 2] = v[2];
      x_shared[at_13 + 3] = v[3];
    }
  }
  for (var w_packed_shared_turn = 0; w_packed_shared_turn < 9; w_packed_shared_turn++) {
    let w_packed_shared_n = oc_l + 4 * oh_l + ow_l + 32 * w_packed_shared_turn;
    let at_17 = at_2 + w_packed_shared_n;
    w_packed_shared[w_packed_shared_n] = w_packed[at_17];
  }
  workgroupBarrier();
  for (var kh = 0; kh < 3; kh++) {
    let at_18 = at_8 + 160 * kh;
    let at_19 = at_10 + 96 * kh;
    for (var kw = 0; kw < 3; kw++) {
      let at_20 = at_18 + 16 * kw;
      let at_21 = at_19 + 32 * kw;
      for (var ic = 0; ic < 16; ic++) {
        let at_22 = at_20 + ic;
        let at_23 = at_21 + 2 * ic;
        let v0 = vec4<f32>(x_shared[at_22]);
        let v1 = w_packed_shared[at_23];
        acc_0_0 = fma(v0, v1, acc_0_0);
        let v2 = w_packed_shared[at_23 + 1];
        acc_4_0 = fma(v0, v2, acc_4_0);
        let v3 = vec4<f32>(x_shared[at_22 + 16]);
        acc_8_0 = fma(v3, v1, acc_8_0);
        acc_12_0 = fma(v3, v2, acc_12_0);
      }
    }
  }
  workgroupBarrier();
  let v4 = a2[at_11];
  y[at_12] = (acc_0_0 + v4);
  let v5 = a2[at_11 + 1];
  y[at_12 + 1] = (acc_4_0 + v5);
  y[at_12 + 16] = (acc_8_0 + v4);
  y[at_12 + 17] = (acc_12_0 + v5);
}

