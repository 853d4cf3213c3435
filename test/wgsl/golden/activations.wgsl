// shader 0, workgroups once: 6 x 1
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
@compute @workgroup_size(48)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 8 * oc_o;
  let at_1 = 288 * oc_o;
  let kh = (group / 2) % 3;
  let at_2 = at + 96 * kh;
  let at_3 = at_1 + 96 * kh;
  let k_g = group % 2;
  let at_4 = at_2 + 48 * k_g;
  let at_5 = at_3 + 48 * k_g;
  let k_l = lane / 8;
  let at_6 = at_4 + 8 * k_l;
  let at_7 = at_5 + 8 * k_l;
  let oc_i = lane % 8;
  let at_8 = at_6 + oc_i;
  let at_9 = at_7 + oc_i;
  w_packed[at_9] = w[at_8];
}


// shader 1, workgroups each run: 2 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
@compute @workgroup_size(50)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ih_at_g = group;
  let at = 40 * ih_at_g;
  let at_1 = 50 * ih_at_g;
  let ih_at_l = lane / 10;
  let at_2 = at + 8 * ih_at_l;
  let at_3 = at_1 + 10 * ih_at_l;
  let iw_at = lane % 10;
  let at_4 = at_2 + iw_at;
  let at_5 = at_3 + iw_at;
  let ic_o = 0;
  let at_6 = at_4 + ic_o;
  let at_7 = at_5 + ic_o;
  x_staged[at_7] = select(vec4<f32>(0f), x[at_6 - 9], ((u32(5 * ih_at_g + ih_at_l - 1) < 8u) & (u32(iw_at - 1) < 8u)));
}


// shader 2, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x_staged: array<f32>;
@group(0) @binding(1) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> a2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;
fn max_of_4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return select(select(max(a, b), b, (bitcast<vec4<u32>>(b) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u)), a, (bitcast<vec4<u32>>(a) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u));
}
fn min_of_4(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return select(select(min(a, b), b, (bitcast<vec4<u32>>(b) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u)), a, (bitcast<vec4<u32>>(a) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u));
}
fn pow2_4(a: vec4<f32>) -> vec4<f32> {
  return bitcast<vec4<f32>>((vec4<i32>(a) + vec4<i32>(127)) << vec4<u32>(23u));
}
fn exp_4(x: vec4<f32>) -> vec4<f32> {
  let t = max_of_4(min_of_4(x, vec4<f32>(170f)), vec4<f32>((-170f)));
  let t_1 = floor(((t * vec4<f32>(1.4426950216293335f)) + vec4<f32>(0.5f)));
  let t_2 = ((t - (t_1 * vec4<f32>(0.693145751953125f))) - (t_1 * vec4<f32>(0.000001428606765330187f)));
  let t_3 = floor((t_1 * vec4<f32>(0.5f)));
  return (((vec4<f32>(1f) + (t_2 + ((t_2 * t_2) * ((((((((vec4<f32>(0.0013836355647072196f) * t_2) + vec4<f32>(0.008369128219783306f)) * t_2) + vec4<f32>(0.041668105870485306f)) * t_2) + vec4<f32>(0.16666516661643982f)) * t_2) + vec4<f32>(0.4999999403953552f))))) * pow2_4(t_3)) * pow2_4((t_1 - t_3)));
}
@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 72 * oc_o;
  let at_1 = 2 * oc_o;
  let oh_o = 0;
  let at_2 = 320 * oh_o;
  let at_3 = at_1 + 128 * oh_o;
  let ow = lane % 8;
  let at_4 = at_2 + 4 * ow;
  let at_5 = at_3 + 2 * ow;
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
    let at_6 = at_4 + 40 * kh;
    let at_7 = at + 24 * kh;
    for (var k = 0; k < 12; k++) {
      let at_8 = at_6 + k;
      let at_9 = at_7 + 2 * k;
      let v0 = vec4<f32>(x_staged[at_8]);
      let v1 = w_packed[at_9];
      acc_0_0 = fma(v0, v1, acc_0_0);
      let v2 = w_packed[at_9 + 1];
      acc_4_0 = fma(v0, v2, acc_4_0);
      let v3 = vec4<f32>(x_staged[at_8 + 40]);
      acc_8_0 = fma(v3, v1, acc_8_0);
      acc_12_0 = fma(v3, v2, acc_12_0);
      let v4 = vec4<f32>(x_staged[at_8 + 80]);
      acc_16_0 = fma(v4, v1, acc_16_0);
      acc_20_0 = fma(v4, v2, acc_20_0);
      let v5 = vec4<f32>(x_staged[at_8 + 120]);
      acc_24_0 = fma(v5, v1, acc_24_0);
      acc_28_0 = fma(v5, v2, acc_28_0);
      let v6 = vec4<f32>(x_staged[at_8 + 160]);
      acc_32_0 = fma(v6, v1, acc_32_0);
      acc_36_0 = fma(v6, v2, acc_36_0);
      let v7 = vec4<f32>(x_staged[at_8 + 200]);
      acc_40_0 = fma(v7, v1, acc_40_0);
      acc_44_0 = fma(v7, v2, acc_44_0);
      let v8 = vec4<f32>(x_staged[at_8 + 240]);
      acc_48_0 = fma(v8, v1, acc_48_0);
      acc_52_0 = fma(v8, v2, acc_52_0);
      let v9 = vec4<f32>(x_staged[at_8 + 280]);
      acc_56_0 = fma(v9, v1, acc_56_0);
      acc_60_0 = fma(v9, v2, acc_60_0);
    }
  }
  let v10 = a2[at_1];
  let v11 = (acc_0_0 + v10);
  let v12 = (v11 * fma(vec4<f32>(0.07135481387376785f), (v11 * v11), vec4<f32>(1.5957691669464111f)));
  let v13 = exp_4((-abs(v12)));
  y[at_5] = (v11 * (select(vec4<f32>(1f), v13, (v12 < vec4<f32>(0f))) / (vec4<f32>(1f) + v13)));
  let v14 = a2[at_1 + 1];
  let v15 = (acc_4_0 + v14);
  let v16 = (v15 * fma(vec4<f32>(0.07135481387376785f), (v15 * v15), vec4<f32>(1.5957691669464111f)));
  let v17 = exp_4((-abs(v16)));
  y[at_5 + 1] = (v15 * (select(vec4<f32>(1f), v17, (v16 < vec4<f32>(0f))) / (vec4<f32>(1f) + v17)));
  let v18 = (acc_8_0 + v10);
  let v19 = (v18 * fma(vec4<f32>(0.07135481387376785f), (v18 * v18), vec4<f32>(1.5957691669464111f)));
  let v20 = exp_4((-abs(v19)));
  y[at_5 + 16] = (v18 * (select(vec4<f32>(1f), v20, (v19 < vec4<f32>(0f))) / (vec4<f32>(1f) + v20)));
  let v21 = (acc_12_0 + v14);
  let v22 = (v21 * fma(vec4<f32>(0.07135481387376785f), (v21 * v21), vec4<f32>(1.5957691669464111f)));
  let v23 = exp_4((-abs(v22)));
  y[at_5 + 17] = (v21 * (select(vec4<f32>(1f), v23, (v22 < vec4<f32>(0f))) / (vec4<f32>(1f) + v23)));
  let v24 = (acc_16_0 + v10);
  let v25 = (v24 * fma(vec4<f32>(0.07135481387376785f), (v24 * v24), vec4<f32>(1.5957691669464111f)));
  let v26 = exp_4((-abs(v25)));
  y[at_5 + 32] = (v24 * (select(vec4<f32>(1f), v26, (v25 < vec4<f32>(0f))) / (vec4<f32>(1f) + v26)));
  let v27 = (acc_20_0 + v14);
  let v28 = (v27 * fma(vec4<f32>(0.07135481387376785f), (v27 * v27), vec4<f32>(1.5957691669464111f)));
  let v29 = exp_4((-abs(v28)));
  y[at_5 + 33] = (v27 * (select(vec4<f32>(1f), v29, (v28 < vec4<f32>(0f))) / (vec4<f32>(1f) + v29)));
  let v30 = (acc_24_0 + v10);
  let v31 = (v30 * fma(vec4<f32>(0.07135481387376785f), (v30 * v30), vec4<f32>(1.5957691669464111f)));
  let v32 = exp_4((-abs(v31)));
  y[at_5 + 48] = (v30 * (select(vec4<f32>(1f), v32, (v31 < vec4<f32>(0f))) / (vec4<f32>(1f) + v32)));
  let v33 = (acc_28_0 + v14);
  let v34 = (v33 * fma(vec4<f32>(0.07135481387376785f), (v33 * v33), vec4<f32>(1.5957691669464111f)));
  let v35 = exp_4((-abs(v34)));
  y[at_5 + 49] = (v33 * (select(vec4<f32>(1f), v35, (v34 < vec4<f32>(0f))) / (vec4<f32>(1f) + v35)));
  let v36 = (acc_32_0 + v10);
  let v37 = (v36 * fma(vec4<f32>(0.07135481387376785f), (v36 * v36), vec4<f32>(1.5957691669464111f)));
  let v38 = exp_4((-abs(v37)));
  y[at_5 + 64] = (v36 * (select(vec4<f32>(1f), v38, (v37 < vec4<f32>(0f))) / (vec4<f32>(1f) + v38)));
  let v39 = (acc_36_0 + v14);
  let v40 = (v39 * fma(vec4<f32>(0.07135481387376785f), (v39 * v39), vec4<f32>(1.5957691669464111f)));
  let v41 = exp_4((-abs(v40)));
  y[at_5 + 65] = (v39 * (select(vec4<f32>(1f), v41, (v40 < vec4<f32>(0f))) / (vec4<f32>(1f) + v41)));
  let v42 = (acc_40_0 + v10);
  let v43 = (v42 * fma(vec4<f32>(0.07135481387376785f), (v42 * v42), vec4<f32>(1.5957691669464111f)));
  let v44 = exp_4((-abs(v43)));
  y[at_5 + 80] = (v42 * (select(vec4<f32>(1f), v44, (v43 < vec4<f32>(0f))) / (vec4<f32>(1f) + v44)));
  let v45 = (acc_44_0 + v14);
  let v46 = (v45 * fma(vec4<f32>(0.07135481387376785f), (v45 * v45), vec4<f32>(1.5957691669464111f)));
  let v47 = exp_4((-abs(v46)));
  y[at_5 + 81] = (v45 * (select(vec4<f32>(1f), v47, (v46 < vec4<f32>(0f))) / (vec4<f32>(1f) + v47)));
  let v48 = (acc_48_0 + v10);
  let v49 = (v48 * fma(vec4<f32>(0.07135481387376785f), (v48 * v48), vec4<f32>(1.5957691669464111f)));
  let v50 = exp_4((-abs(v49)));
  y[at_5 + 96] = (v48 * (select(vec4<f32>(1f), v50, (v49 < vec4<f32>(0f))) / (vec4<f32>(1f) + v50)));
  let v51 = (acc_52_0 + v14);
  let v52 = (v51 * fma(vec4<f32>(0.07135481387376785f), (v51 * v51), vec4<f32>(1.5957691669464111f)));
  let v53 = exp_4((-abs(v52)));
  y[at_5 + 97] = (v51 * (select(vec4<f32>(1f), v53, (v52 < vec4<f32>(0f))) / (vec4<f32>(1f) + v53)));
  let v54 = (acc_56_0 + v10);
  let v55 = (v54 * fma(vec4<f32>(0.07135481387376785f), (v54 * v54), vec4<f32>(1.5957691669464111f)));
  let v56 = exp_4((-abs(v55)));
  y[at_5 + 112] = (v54 * (select(vec4<f32>(1f), v56, (v55 < vec4<f32>(0f))) / (vec4<f32>(1f) + v56)));
  let v57 = (acc_60_0 + v14);
  let v58 = (v57 * fma(vec4<f32>(0.07135481387376785f), (v57 * v57), vec4<f32>(1.5957691669464111f)));
  let v59 = exp_4((-abs(v58)));
  y[at_5 + 113] = (v57 * (select(vec4<f32>(1f), v59, (v58 < vec4<f32>(0f))) / (vec4<f32>(1f) + v59)));
}

