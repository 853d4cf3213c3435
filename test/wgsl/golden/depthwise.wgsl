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


// shader 1, workgroups each run: 112 x 1
@group(0) @binding(0) var<storage, read> x_staged: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ow_o = group / 4;
  let at = 32 * ow_o;
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
    var acc_0 = vec4<f32>(0);
    let v0 = x_staged[at_5 + 960];
    let v1 = x_staged[at_5 + 1920];
    let v2 = x_staged[at_5 + 2880];
    acc_0 = fma(vec4<f32>(x_staged[at_5], v0, v1, v2), vec4<f32>(w[g]), acc_0);
    let v3 = x_staged[at_5 + 992];
    let v4 = x_staged[at_5 + 1952];
    let v5 = x_staged[at_5 + 2912];
    acc_0 = fma(vec4<f32>(x_staged[at_5 + 32], v3, v4, v5), vec4<f32>(w[g + 32]), acc_0);
    let v6 = x_staged[at_5 + 1024];
    let v7 = x_staged[at_5 + 1984];
    let v8 = x_staged[at_5 + 2944];
    acc_0 = fma(vec4<f32>(x_staged[at_5 + 64], v6, v7, v8), vec4<f32>(w[g + 64]), acc_0);
    let v9 = x_staged[at_5 + 3840];
    acc_0 = fma(vec4<f32>(v0, v1, v2, v9), vec4<f32>(w[g + 96]), acc_0);
    let v10 = x_staged[at_5 + 3872];
    acc_0 = fma(vec4<f32>(v3, v4, v5, v10), vec4<f32>(w[g + 128]), acc_0);
    let v11 = x_staged[at_5 + 3904];
    acc_0 = fma(vec4<f32>(v6, v7, v8, v11), vec4<f32>(w[g + 160]), acc_0);
    acc_0 = fma(vec4<f32>(v1, v2, v9, x_staged[at_5 + 4800]), vec4<f32>(w[g + 192]), acc_0);
    acc_0 = fma(vec4<f32>(v4, v5, v10, x_staged[at_5 + 4832]), vec4<f32>(w[g + 224]), acc_0);
    acc_0 = fma(vec4<f32>(v7, v8, v11, x_staged[at_5 + 4864]), vec4<f32>(w[g + 256]), acc_0);
    y[at_6] = (acc_0 + vec4<f32>(a2[g]))[0];
    y[at_6 + 896] = (acc_0 + vec4<f32>(a2[g]))[1];
    y[at_6 + 1792] = (acc_0 + vec4<f32>(a2[g]))[2];
    y[at_6 + 2688] = (acc_0 + vec4<f32>(a2[g]))[3];
  }
}

