// shader 0, workgroups once: 16 x 1
@group(0) @binding(0) var<storage, read> w: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> u: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ic_g = group;
  let at = 64 * ic_g;
  let ic_l = lane / 16;
  let at_1 = at + 16 * ic_l;
  let oc_o = lane % 16;
  let at_2 = at_1 + oc_o;
  let v0 = w[at_2];
  u[at_2] = v0;
  let v1 = w[at_2 + 2048];
  let v2 = (v0 + v1);
  let v3 = w[at_2 + 1024];
  u[at_2 + 1024] = ((v2 + v3) * vec4<f32>(0.5f));
  u[at_2 + 2048] = ((v2 - v3) * vec4<f32>(0.5f));
  u[at_2 + 3072] = v1;
  let v4 = w[at_2 + 6144];
  let v5 = (v0 + v4);
  let v6 = w[at_2 + 3072];
  let v7 = (v5 + v6);
  u[at_2 + 4096] = (v7 * vec4<f32>(0.5f));
  let v8 = w[at_2 + 7168];
  let v9 = (v3 + v8);
  let v10 = w[at_2 + 4096];
  let v11 = (v9 + v10);
  let v12 = w[at_2 + 8192];
  let v13 = (v1 + v12);
  let v14 = w[at_2 + 5120];
  let v15 = ((v13 + v14) * vec4<f32>(0.5f));
  let v16 = fma(v7, vec4<f32>(0.5f), v15);
  u[at_2 + 5120] = (fma(v11, vec4<f32>(0.5f), v16) * vec4<f32>(0.5f));
  u[at_2 + 6144] = ((v16 - (v11 * vec4<f32>(0.5f))) * vec4<f32>(0.5f));
  u[at_2 + 7168] = v15;
  let v17 = (v5 - v6);
  u[at_2 + 8192] = (v17 * vec4<f32>(0.5f));
  let v18 = (v9 - v10);
  let v19 = ((v13 - v14) * vec4<f32>(0.5f));
  let v20 = fma(v17, vec4<f32>(0.5f), v19);
  u[at_2 + 9216] = (fma(v18, vec4<f32>(0.5f), v20) * vec4<f32>(0.5f));
  u[at_2 + 10240] = ((v20 - (v18 * vec4<f32>(0.5f))) * vec4<f32>(0.5f));
  u[at_2 + 11264] = v19;
  u[at_2 + 12288] = v4;
  let v21 = (v4 + v12);
  u[at_2 + 13312] = ((v21 + v8) * vec4<f32>(0.5f));
  u[at_2 + 14336] = ((v21 - v8) * vec4<f32>(0.5f));
  u[at_2 + 15360] = v12;
}


// shader 1, workgroups once: 1024 x 1
@group(0) @binding(0) var<storage, read> u: array<f32>;
@group(0) @binding(1) var<storage, read_write> u_packed: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let point = group / 64;
  let at = 4096 * point;
  let oc_g = 0;
  let at_1 = at + 64 * oc_g;
  let at_2 = at + 4096 * oc_g;
  let oc_l = (group / 8) % 8;
  let at_3 = at_1 + 8 * oc_l;
  let at_4 = at_2 + 512 * oc_l;
  let ic_o = group % 8;
  let at_5 = at_3 + 512 * ic_o;
  let at_6 = at_4 + 64 * ic_o;
  let ic_i = lane / 8;
  let at_7 = at_5 + 64 * ic_i;
  let at_8 = at_6 + 8 * ic_i;
  let oc_i = lane % 8;
  let at_9 = at_7 + oc_i;
  let at_10 = at_8 + oc_i;
  u_packed[at_10] = u[at_9];
}


// shader 2, workgroups each run: 196 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> v: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let th = group / 7;
  let at = 1792 * th;
  let at_1 = 448 * th;
  let tw_g = group % 7;
  let at_2 = at + 128 * tw_g;
  let at_3 = at_1 + 64 * tw_g;
  let tw_l = lane / 16;
  let at_4 = at_2 + 32 * tw_l;
  let at_5 = at_3 + 16 * tw_l;
  let ic_o = lane % 16;
  let at_6 = at_4 + ic_o;
  let at_7 = at_5 + ic_o;
  let v0 = select(vec4<f32>(0f), x[at_6 + 880], (u32(8 * tw_g + 2 * tw_l - 1) < 56u));
  let v1 = x[at_6 + 912];
  let v2 = (select(vec4<f32>(0f), x[at_6 - 880], (u32(2 * th - 1) < 56u)) - v1);
  v[at_7] = ((select(vec4<f32>(0f), x[at_6 - 912], ((u32(2 * th - 1) < 56u) & (u32(8 * tw_g + 2 * tw_l - 1) < 56u))) - v0) - v2);
  let v3 = x[at_6 + 896];
  let v4 = (select(vec4<f32>(0f), x[at_6 - 896], (u32(2 * th - 1) < 56u)) - v3);
  v[at_7 + 12548] = (v4 + v2);
  v[at_7 + 25096] = (v2 - v4);
  let v5 = select(vec4<f32>(0f), x[at_6 + 928], (8 * tw_g + 2 * tw_l + 2 < 56));
  v[at_7 + 37644] = (v4 - (select(vec4<f32>(0f), x[at_6 - 864], ((u32(2 * th - 1) < 56u) & (8 * tw_g + 2 * tw_l + 2 < 56))) - v5));
  let v6 = select(vec4<f32>(0f), x[at_6 - 16], (u32(8 * tw_g + 2 * tw_l - 1) < 56u));
  let v7 = x[at_6 + 16];
  let v8 = (v7 + v1);
  v[at_7 + 50192] = ((v6 + v0) - v8);
  let v9 = x[at_6];
  let v10 = (v9 + v3);
  v[at_7 + 62740] = (v10 + v8);
  v[at_7 + 75288] = (v8 - v10);
  let v11 = select(vec4<f32>(0f), x[at_6 + 32], (8 * tw_g + 2 * tw_l + 2 < 56));
  v[at_7 + 87836] = (v10 - (v11 + v5));
  let v12 = (v1 - v7);
  v[at_7 + 100384] = ((v0 - v6) - v12);
  let v13 = (v3 - v9);
  v[at_7 + 112932] = (v13 + v12);
  v[at_7 + 125480] = (v12 - v13);
  v[at_7 + 138028] = (v13 - (v5 - v11));
  let v14 = (v7 - select(vec4<f32>(0f), x[at_6 + 1808], (2 * th + 2 < 56)));
  v[at_7 + 150576] = ((v6 - select(vec4<f32>(0f), x[at_6 + 1776], ((2 * th + 2 < 56) & (u32(8 * tw_g + 2 * tw_l - 1) < 56u)))) - v14);
  let v15 = (v9 - select(vec4<f32>(0f), x[at_6 + 1792], (2 * th + 2 < 56)));
  v[at_7 + 163124] = (v15 + v14);
  v[at_7 + 175672] = (v14 - v15);
  v[at_7 + 188220] = (v15 - (v11 - select(vec4<f32>(0f), x[at_6 + 1824], ((2 * th + 2 < 56) & (8 * tw_g + 2 * tw_l + 2 < 56)))));
}


// shader 3, workgroups each run: 64 x 1
@group(0) @binding(0) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> u_packed: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> m: array<vec4<f32>>;
var<workgroup> v_shared: array<f32, 1568>;
var<workgroup> u_packed_shared: array<vec4<f32>, 128>;
@compute @workgroup_size(224)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let point = group / 4;
  let at = 12548 * point;
  let at_1 = 1024 * point;
  let oc_g = 0;
  let at_2 = at_1 + 1024 * oc_g;
  let at_3 = at + 16 * oc_g;
  let t_g = group % 4;
  let at_4 = at + 3136 * t_g;
  let at_5 = at_3 + 3136 * t_g;
  let t_l = lane / 8;
  let at_6 = 56 * t_l;
  let at_7 = at_5 + 112 * t_l;
  let oc_l = lane % 8;
  let at_8 = 16 * oc_l;
  let at_9 = at_7 + 2 * oc_l;
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
  for (var ic_o = 0; ic_o < 8; ic_o++) {
    let at_10 = at_4 + 2 * ic_o;
    let at_11 = at_2 + 16 * ic_o;
    for (var v_shared_turn = 0; v_shared_turn < 2; v_shared_turn++) {
      let v_shared_n = oc_l + 8 * t_l + 224 * v_shared_turn;
      let at_12 = 4 * v_shared_n;
      if ((v_shared_n < 392)) {
        let v_shared_3 = v_shared_n / 2;
        let at_13 = at_10 + 16 * v_shared_3;
        let v_shared_3_rest = v_shared_n % 2;
        let at_14 = at_13 + v_shared_3_rest;
        let v_1 = v[at_14];
        v_shared[at_12] = v_1[0];
        v_shared[at_12 + 1] = v_1[1];
        v_shared[at_12 + 2] = v_1[2];
        v_shared[at_12 + 3] = v_1[3];
      }
    }
    {
      let u_packed_shared_turn = 0;
      let u_packed_shared_n = oc_l + 8 * t_l + 224 * u_packed_shared_turn;
      if ((u_packed_shared_n < 128)) {
        let u_packed_shared_2 = u_packed_shared_n / 16;
        let at_15 = at_11 + 128 * u_packed_shared_2;
        let u_packed_shared_2_rest = u_packed_shared_n % 16;
        let at_16 = at_15 + u_packed_shared_2_rest;
        u_packed_shared[u_packed_shared_n] = u_packed[at_16];
      }
    }
    workgroupBarrier();
    for (var ic_i = 0; ic_i < 8; ic_i++) {
      let at_17 = at_6 + ic_i;
      let at_18 = at_8 + 2 * ic_i;
      let v16 = vec4<f32>(v_shared[at_17]);
      let v17 = u_packed_shared[at_18];
      acc_0_0 = fma(v16, v17, acc_0_0);
      let v18 = u_packed_shared[at_18 + 1];
      acc_4_0 = fma(v16, v18, acc_4_0);
      let v19 = vec4<f32>(v_shared[at_17 + 8]);
      acc_8_0 = fma(v19, v17, acc_8_0);
      acc_12_0 = fma(v19, v18, acc_12_0);
      let v20 = vec4<f32>(v_shared[at_17 + 16]);
      acc_16_0 = fma(v20, v17, acc_16_0);
      acc_20_0 = fma(v20, v18, acc_20_0);
      let v21 = vec4<f32>(v_shared[at_17 + 24]);
      acc_24_0 = fma(v21, v17, acc_24_0);
      acc_28_0 = fma(v21, v18, acc_28_0);
      let v22 = vec4<f32>(v_shared[at_17 + 32]);
      acc_32_0 = fma(v22, v17, acc_32_0);
      acc_36_0 = fma(v22, v18, acc_36_0);
      let v23 = vec4<f32>(v_shared[at_17 + 40]);
      acc_40_0 = fma(v23, v17, acc_40_0);
      acc_44_0 = fma(v23, v18, acc_44_0);
      let v24 = vec4<f32>(v_shared[at_17 + 48]);
      acc_48_0 = fma(v24, v17, acc_48_0);
      acc_52_0 = fma(v24, v18, acc_52_0);
    }
    workgroupBarrier();
  }
  m[at_9] = acc_0_0;
  m[at_9 + 1] = acc_4_0;
  m[at_9 + 16] = acc_8_0;
  m[at_9 + 17] = acc_12_0;
  m[at_9 + 32] = acc_16_0;
  m[at_9 + 33] = acc_20_0;
  m[at_9 + 48] = acc_24_0;
  m[at_9 + 49] = acc_28_0;
  m[at_9 + 64] = acc_32_0;
  m[at_9 + 65] = acc_36_0;
  m[at_9 + 80] = acc_40_0;
  m[at_9 + 81] = acc_44_0;
  m[at_9 + 96] = acc_48_0;
  m[at_9 + 97] = acc_52_0;
}


// shader 4, workgroups each run: 196 x 1
@group(0) @binding(0) var<storage, read> m: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let th = group / 7;
  let at = 448 * th;
  let at_1 = 1792 * th;
  let tw_g = group % 7;
  let at_2 = at + 64 * tw_g;
  let at_3 = at_1 + 128 * tw_g;
  let tw_l = lane / 16;
  let at_4 = at_2 + 16 * tw_l;
  let at_5 = at_3 + 32 * tw_l;
  let oc_o = lane % 16;
  let at_6 = at_4 + oc_o;
  let at_7 = at_5 + oc_o;
  let v25 = m[at_6 + 50192];
  let v26 = m[at_6 + 100384];
  let v27 = m[at_6 + 62740];
  let v28 = m[at_6 + 112932];
  let v29 = ((m[at_6 + 12548] + v27) + v28);
  let v30 = m[at_6 + 75288];
  let v31 = m[at_6 + 125480];
  let v32 = ((m[at_6 + 25096] + v30) + v31);
  let v33 = a2[oc_o];
  y[at_7] = (((((m[at_6] + v25) + v26) + v29) + v32) + v33);
  let v34 = m[at_6 + 87836];
  let v35 = m[at_6 + 138028];
  y[at_7 + 16] = (((v29 - v32) - ((m[at_6 + 37644] + v34) + v35)) + v33);
  let v36 = ((v27 - v28) - m[at_6 + 163124]);
  let v37 = ((v30 - v31) - m[at_6 + 175672]);
  y[at_7 + 896] = (((((v25 - v26) - m[at_6 + 150576]) + v36) + v37) + v33);
  y[at_7 + 912] = (((v36 - v37) - ((v34 - v35) - m[at_6 + 188220])) + v33);
}

