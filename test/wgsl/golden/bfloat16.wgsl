// shader 0, workgroups once: 3 x 1
@group(0) @binding(0) var<storage, read> w: array<u32>;
@group(0) @binding(1) var<storage, read_write> w_packed: array<f32>;
fn from_bf16(word: u32, at: u32) -> f32 { return bitcast<f32>((word >> ((at & 1u) * 16u)) << 16u); }
@compute @workgroup_size(48)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 4 * oc_o;
  let at_1 = 144 * oc_o;
  let kh = group % 3;
  let at_2 = at + 48 * kh;
  let at_3 = at_1 + 48 * kh;
  let k = lane / 4;
  let at_4 = at_2 + 4 * k;
  let at_5 = at_3 + 4 * k;
  let oc_i = lane % 4;
  let at_6 = at_4 + oc_i;
  let at_7 = at_5 + oc_i;
  w_packed[at_7] = from_bf16(w[u32(at_6) >> 1u], u32(at_6));
}


// shader 1, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<atomic<u32>>;
fn round_bf16(a: f32) -> f32 {
  let size = bitcast<u32>(a) & u32(0x7fffffffu);
  let rounded = (size + u32(0x7fffu) + ((size >> u32(16u)) & u32(1u))) & u32(0xffff0000u);
  return bitcast<f32>((bitcast<u32>(a) & u32(0x80000000u)) | select(rounded, u32(0x7fc00000u), size > u32(0x7f800000u)));
}
fn to_bf16(x: f32) -> u32 { return bitcast<u32>(round_bf16(x)) >> 16u; }
@compute @workgroup_size(36)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let i0_o = lane;
  let at = 4 * i0_o;
  let v = x[i0_o];
  atomicAnd(&y[u32(at) >> 1u], ~(65535u << ((u32(at) & 1u) * 16u)));
  atomicOr(&y[u32(at) >> 1u], to_bf16(v[0]) << ((u32(at) & 1u) * 16u));
  atomicAnd(&y[u32(at + 1) >> 1u], ~(65535u << ((u32(at + 1) & 1u) * 16u)));
  atomicOr(&y[u32(at + 1) >> 1u], to_bf16(v[1]) << ((u32(at + 1) & 1u) * 16u));
  atomicAnd(&y[u32(at + 2) >> 1u], ~(65535u << ((u32(at + 2) & 1u) * 16u)));
  atomicOr(&y[u32(at + 2) >> 1u], to_bf16(v[2]) << ((u32(at + 2) & 1u) * 16u));
  atomicAnd(&y[u32(at + 3) >> 1u], ~(65535u << ((u32(at + 3) & 1u) * 16u)));
  atomicOr(&y[u32(at + 3) >> 1u], to_bf16(v[3]) << ((u32(at + 3) & 1u) * 16u));
}


// shader 2, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> x_staged: array<vec4<f32>>;
fn from_bf16(word: u32, at: u32) -> f32 { return bitcast<f32>((word >> ((at & 1u) * 16u)) << 16u); }
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let ic_o = 0;
  let at = 4 * ic_o;
  let ih_at = lane / 8;
  let at_1 = at + 24 * ih_at;
  let at_2 = ic_o + 8 * ih_at;
  let iw_at = lane % 8;
  let at_3 = at_1 + 4 * iw_at;
  let at_4 = at_2 + iw_at;
  x_staged[at_4] = select(vec4<f32>(0f), vec4<f32>(from_bf16(x[u32(at_3 - 28) >> 1u], u32(at_3 - 28)), from_bf16(x[u32(at_3 - 27) >> 1u], u32(at_3 - 27)), from_bf16(x[u32(at_3 - 26) >> 1u], u32(at_3 - 26)), from_bf16(x[u32(at_3 - 25) >> 1u], u32(at_3 - 25))), ((u32(ih_at - 1) < 6u) & (u32(iw_at - 1) < 6u)));
}


// shader 3, workgroups each run: 1 x 1
@group(0) @binding(0) var<storage, read> w_packed: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> x_staged: array<f32>;
@group(0) @binding(2) var<storage, read> a2: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<atomic<u32>>;
fn round_bf16(a: f32) -> f32 {
  let size = bitcast<u32>(a) & u32(0x7fffffffu);
  let rounded = (size + u32(0x7fffu) + ((size >> u32(16u)) & u32(1u))) & u32(0xffff0000u);
  return bitcast<f32>((bitcast<u32>(a) & u32(0x80000000u)) | select(rounded, u32(0x7fc00000u), size > u32(0x7f800000u)));
}
fn from_bf16(word: u32, at: u32) -> f32 { return bitcast<f32>((word >> ((at & 1u) * 16u)) << 16u); }
fn to_bf16(x: f32) -> u32 { return bitcast<u32>(round_bf16(x)) >> 16u; }
fn round_bf16_4(a: vec4<f32>) -> vec4<f32> {
  let size = bitcast<vec4<u32>>(a) & vec4<u32>(0x7fffffffu);
  let rounded = (size + vec4<u32>(0x7fffu) + ((size >> vec4<u32>(16u)) & vec4<u32>(1u))) & vec4<u32>(0xffff0000u);
  return bitcast<vec4<f32>>((bitcast<vec4<u32>>(a) & vec4<u32>(0x80000000u)) | select(rounded, vec4<u32>(0x7fc00000u), size > vec4<u32>(0x7f800000u)));
}
@compute @workgroup_size(6)
fn main(@builtin(workgroup_id) group_id: vec3<u32>, @builtin(local_invocation_index) lane_id: u32) {
  let group = i32(group_id.x);
  let lane = i32(lane_id);
  let oc_o = 0;
  let at = 36 * oc_o;
  let at_1 = 4 * oc_o;
  let oh_o = 0;
  let at_2 = 192 * oh_o;
  let at_3 = at_1 + 144 * oh_o;
  let ow = lane;
  let at_4 = at_2 + 4 * ow;
  let at_5 = at_3 + 4 * ow;
  var acc_0_0 = vec4<f32>(0);
  var acc_4_0 = vec4<f32>(0);
  var acc_8_0 = vec4<f32>(0);
  var acc_12_0 = vec4<f32>(0);
  var acc_16_0 = vec4<f32>(0);
  var acc_20_0 = vec4<f32>(0);
  for (var kh = 0; kh < 3; kh++) {
    let at_6 = at + 12 * kh;
    let at_7 = at_4 + 32 * kh;
    for (var k = 0; k < 12; k++) {
      let at_8 = at_6 + k;
      let at_9 = at_7 + k;
      let v0 = w_packed[at_8];
      acc_0_0 = fma(vec4<f32>(x_staged[at_9]), v0, acc_0_0);
      acc_4_0 = fma(vec4<f32>(x_staged[at_9 + 32]), v0, acc_4_0);
      acc_8_0 = fma(vec4<f32>(x_staged[at_9 + 64]), v0, acc_8_0);
      acc_12_0 = fma(vec4<f32>(x_staged[at_9 + 96]), v0, acc_12_0);
      acc_16_0 = fma(vec4<f32>(x_staged[at_9 + 128]), v0, acc_16_0);
      acc_20_0 = fma(vec4<f32>(x_staged[at_9 + 160]), v0, acc_20_0);
    }
  }
  var tile: array<vec4<f32>, 6>;
  tile[0] = acc_0_0;
  tile[1] = acc_4_0;
  tile[2] = acc_8_0;
  tile[3] = acc_12_0;
  tile[4] = acc_16_0;
  tile[5] = acc_20_0;
  {
    let oc_i_v = 0;
    let at_10 = at_1 + 4 * oc_i_v;
    let at_11 = at_5 + 4 * oc_i_v;
    for (var oh_i = 0; oh_i < 6; oh_i++) {
      let at_12 = oc_i_v + oh_i;
      let at_13 = at_11 + 24 * oh_i;
      let v = (round_bf16_4(tile[at_12]) + vec4<f32>(from_bf16(a2[u32(at_10) >> 1u], u32(at_10)), from_bf16(a2[u32(at_10 + 1) >> 1u], u32(at_10 + 1)), from_bf16(a2[u32(at_10 + 2) >> 1u], u32(at_10 + 2)), from_bf16(a2[u32(at_10 + 3) >> 1u], u32(at_10 + 3))));
      atomicAnd(&y[u32(at_13) >> 1u], ~(65535u << ((u32(at_13) & 1u) * 16u)));
      atomicOr(&y[u32(at_13) >> 1u], to_bf16(v[0]) << ((u32(at_13) & 1u) * 16u));
      atomicAnd(&y[u32(at_13 + 1) >> 1u], ~(65535u << ((u32(at_13 + 1) & 1u) * 16u)));
      atomicOr(&y[u32(at_13 + 1) >> 1u], to_bf16(v[1]) << ((u32(at_13 + 1) & 1u) * 16u));
      atomicAnd(&y[u32(at_13 + 2) >> 1u], ~(65535u << ((u32(at_13 + 2) & 1u) * 16u)));
      atomicOr(&y[u32(at_13 + 2) >> 1u], to_bf16(v[2]) << ((u32(at_13 + 2) & 1u) * 16u));
      atomicAnd(&y[u32(at_13 + 3) >> 1u], ~(65535u << ((u32(at_13 + 3) & 1u) * 16u)));
      atomicOr(&y[u32(at_13 + 3) >> 1u], to_bf16(v[3]) << ((u32(at_13 + 3) & 1u) * 16u));
    }
  }
}

