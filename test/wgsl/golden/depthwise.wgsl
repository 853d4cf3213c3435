// shader 0, workgroups each run: 150 x 1
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


// shader 1, workgroups each run: 28 x 1
@group(0) @binding(0) var<storage, read> x_staged: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ow_o = group / 4;
  let at = 128 * ow_o;
  let oh_o_g = group % 4;
  let at_1 = at + 7680 * oh_o_g;
  let at_2 = at + 7168 * oh_o_g;
  let oh_o_l = lane / 32;
  let at_3 = at_1 + 3840 * oh_o_l;
  let at_4 = at_2 + 3584 * oh_o_l;
  let g = lane % 32;
  let at_5 = at_3 + g;
  let at_6 = at_4 + g;
  if ((2 * oh_o_g + oh_o_l < 7)) {
    var acc_0_0 = vec4<f32>(0);
    var acc_4_0 = vec4<f32>(0);
    var acc_8_0 = vec4<f32>(0);
    var acc_12_0 = vec4<f32>(0);
    let v1 = x_staged[at_5 + 960];
    let v2 = x_staged[at_5 + 1920];
    let v3 = x_staged[at_5 + 2880];
    let v4 = vec4<f32>(w[g]);
    acc_0_0 = fma(vec4<f32>(x_staged[at_5], v1, v2, v3), v4, acc_0_0);
    let v5 = x_staged[at_5 + 992];
    let v6 = x_staged[at_5 + 1952];
    let v7 = x_staged[at_5 + 2912];
    let v8 = vec4<f32>(x_staged[at_5 + 32], v5, v6, v7);
    acc_4_0 = fma(v8, v4, acc_4_0);
    let v9 = x_staged[at_5 + 1024];
    let v10 = x_staged[at_5 + 1984];
    let v11 = x_staged[at_5 + 2944];
    let v12 = vec4<f32>(x_staged[at_5 + 64], v9, v10, v11);
    acc_8_0 = fma(v12, v4, acc_8_0);
    let v13 = x_staged[at_5 + 1056];
    let v14 = x_staged[at_5 + 2016];
    let v15 = x_staged[at_5 + 2976];
    let v16 = vec4<f32>(x_staged[at_5 + 96], v13, v14, v15);
    acc_12_0 = fma(v16, v4, acc_12_0);
    let v17 = vec4<f32>(w[g + 32]);
    acc_0_0 = fma(v8, v17, acc_0_0);
    acc_4_0 = fma(v12, v17, acc_4_0);
    acc_8_0 = fma(v16, v17, acc_8_0);
    let v18 = x_staged[at_5 + 1088];
    let v19 = x_staged[at_5 + 2048];
    let v20 = x_staged[at_5 + 3008];
    let v21 = vec4<f32>(x_staged[at_5 + 128], v18, v19, v20);
    acc_12_0 = fma(v21, v17, acc_12_0);
    let v22 = vec4<f32>(w[g + 64]);
    acc_0_0 = fma(v12, v22, acc_0_0);
    acc_4_0 = fma(v16, v22, acc_4_0);
    acc_8_0 = fma(v21, v22, acc_8_0);
    let v23 = x_staged[at_5 + 1120];
    let v24 = x_staged[at_5 + 2080];
    let v25 = x_staged[at_5 + 3040];
    acc_12_0 = fma(vec4<f32>(x_staged[at_5 + 160], v23, v24, v25), v22, acc_12_0);
    let v26 = x_staged[at_5 + 3840];
    let v27 = vec4<f32>(w[g + 96]);
    acc_0_0 = fma(vec4<f32>(v1, v2, v3, v26), v27, acc_0_0);
    let v28 = x_staged[at_5 + 3872];
    let v29 = vec4<f32>(v5, v6, v7, v28);
    acc_4_0 = fma(v29, v27, acc_4_0);
    let v30 = x_staged[at_5 + 3904];
    let v31 = vec4<f32>(v9, v10, v11, v30);
    acc_8_0 = fma(v31, v27, acc_8_0);
    let v32 = x_staged[at_5 + 3936];
    let v33 = vec4<f32>(v13, v14, v15, v32);
    acc_12_0 = fma(v33, v27, acc_12_0);
    let v34 = vec4<f32>(w[g + 128]);
    acc_0_0 = fma(v29, v34, acc_0_0);
    acc_4_0 = fma(v31, v34, acc_4_0);
    acc_8_0 = fma(v33, v34, acc_8_0);
    let v35 = x_staged[at_5 + 3968];
    let v36 = vec4<f32>(v18, v19, v20, v35);
    acc_12_0 = fma(v36, v34, acc_12_0);
    let v37 = vec4<f32>(w[g + 160]);
    acc_0_0 = fma(v31, v37, acc_0_0);
    acc_4_0 = fma(v33, v37, acc_4_0);
    acc_8_0 = fma(v36, v37, acc_8_0);
    let v38 = x_staged[at_5 + 4000];
    acc_12_0 = fma(vec4<f32>(v23, v24, v25, v38), v37, acc_12_0);
    let v39 = vec4<f32>(w[g + 192]);
    acc_0_0 = fma(vec4<f32>(v2, v3, v26, x_staged[at_5 + 4800]), v39, acc_0_0);
    let v40 = vec4<f32>(v6, v7, v28, x_staged[at_5 + 4832]);
    acc_4_0 = fma(v40, v39, acc_4_0);
    let v41 = vec4<f32>(v10, v11, v30, x_staged[at_5 + 4864]);
    acc_8_0 = fma(v41, v39, acc_8_0);
    let v42 = vec4<f32>(v14, v15, v32, x_staged[at_5 + 4896]);
    acc_12_0 = fma(v42, v39, acc_12_0);
    let v43 = vec4<f32>(w[g + 224]);
    acc_0_0 = fma(v40, v43, acc_0_0);
    acc_4_0 = fma(v41, v43, acc_4_0);
    acc_8_0 = fma(v42, v43, acc_8_0);
    let v44 = vec4<f32>(v19, v20, v35, x_staged[at_5 + 4928]);
    acc_12_0 = fma(v44, v43, acc_12_0);
    let v45 = vec4<f32>(w[g + 256]);
    acc_0_0 = fma(v41, v45, acc_0_0);
    acc_4_0 = fma(v42, v45, acc_4_0);
    acc_8_0 = fma(v44, v45, acc_8_0);
    acc_12_0 = fma(vec4<f32>(v24, v25, v38, x_staged[at_5 + 4960]), v45, acc_12_0);
    var tile: array<vec4<f32>, 4>;
    tile[0] = acc_0_0;
    tile[1] = acc_4_0;
    tile[2] = acc_8_0;
    tile[3] = acc_12_0;
    {
      let oh_i_v = 0;
      let at_7 = at_6 + 3584 * oh_i_v;
      for (var ow_i = 0; ow_i < 4; ow_i++) {
        let at_8 = oh_i_v + ow_i;
        let at_9 = at_7 + 32 * ow_i;
        let v0 = (tile[at_8] + vec4<f32>(a2[g]));
        y[at_9] = v0[0];
        y[at_9 + 896] = v0[1];
        y[at_9 + 1792] = v0[2];
        y[at_9 + 2688] = v0[3];
      }
    }
  }
}

