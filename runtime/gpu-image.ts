/** Images as inputs of a program on a GPU: what they must be, and a shader that writes their texels into a buffer. */
import { ShapeError, UnsupportedError } from "./error.js";
import type { Slot } from "./program.js";
import type { TypedArray } from "./tensor.js";
import { describeTensor } from "./tensor.js";

/** For an input [1, height, width, 1, 3 or 4] of float32 or uint8: a decoded image, or a texture of the device. */
export type GpuImage = ImageBitmap | VideoFrame | GPUTexture;

/** Reads images on one device. */
export interface ImageReader {
  takes(value: unknown): value is GpuImage;
  /**
   * @throws ShapeError "input-image" where the image is not what the input takes
   * @throws UnsupportedError "webgpu-limits" where no texture of the device is that large
   */
  check(slot: Pick<Slot, "name" | "dtype" | "shape">, image: GpuImage): GpuImage;
  /**
   * Undefined where all can be read at once. Where the browser has no way from a VideoFrame to a texture (Chromium
   * that composes without a GPU, for one), copies of what the caller may change, made before it returns.
   */
  late<T>(given: readonly (T | GpuImage)[]): Promise<readonly (T | GpuImage)[]> | undefined;
  /** Queues what is to be copied and records what fills the buffer: bytes, for float32 divided by 255. */
  fill(encoder: GPUCommandEncoder, slot: Slot, buffer: GPUBuffer, image: GpuImage): void;
  release(): void;
}

export function imageReader(device: GPUDevice): ImageReader {
  /** By the input they fill. */
  const pipelines = new Map<Slot, GPUComputePipeline>();
  const textures = new Map<Slot, GPUTexture>();
  const pipelineFor = (slot: Slot): GPUComputePipeline => {
    const known = pipelines.get(slot);
    if (known !== undefined) return known;
    const module = device.createShaderModule({ code: fillShader(slot) });
    const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
    pipelines.set(slot, pipeline);
    return pipeline;
  };
  /** Bitmaps made here, which no one else closes. */
  const copies = new WeakSet<object>();
  const textureOf = (slot: Slot, source: ImageBitmap | VideoFrame): GPUTexture => {
    const [, height = 0, width = 0] = slot.shape;
    const size = [width, height];
    // 22: COPY_DST, TEXTURE_BINDING and RENDER_ATTACHMENT, as a copy from outside needs.
    const texture = textures.get(slot) ?? device.createTexture({ size, format: "rgba8unorm", usage: 22 });
    textures.set(slot, texture);
    device.queue.copyExternalImageToTexture({ source }, { texture }, size);
    if (copies.has(source)) source.close();
    return texture;
  };
  const copyOf = async (frame: VideoFrame): Promise<ImageBitmap> => {
    const bitmap = await createImageBitmap(frame, { premultiplyAlpha: "none" });
    copies.add(bitmap);
    return bitmap;
  };
  let direct = false;
  const isDirect = (source: VideoFrame): boolean => {
    if (direct) return true;
    const texture = device.createTexture({ size: [1], format: "rgba8unorm", usage: 22 });
    try {
      device.queue.copyExternalImageToTexture({ source }, { texture }, [1]);
      direct = true;
    } catch {
      // An OperationError, or a TypeError of browsers that take no frames here.
    }
    texture.destroy();
    return direct;
  };
  return {
    takes: isImage,
    check(slot, image) {
      const most = device.limits.maxTextureDimension2D;
      if (!isTexture(image) && Math.max(...slot.shape) > most)
        throw new UnsupportedError(
          "webgpu-limits",
          `this device's textures have at most ${most} texels a side`,
        );
      return checkImage(slot, image);
    },
    late<T>(given: readonly (T | GpuImage)[]) {
      if (!given.some((value) => isFrame(value) && !isDirect(value))) return undefined;
      return Promise.all(
        given.map((value) =>
          isFrame(value)
            ? copyOf(value)
            : ArrayBuffer.isView(value)
              ? ((value as unknown as TypedArray).slice() as T)
              : value,
        ),
      );
    },
    fill(encoder, slot, buffer, image) {
      const pipeline = pipelineFor(slot);
      const texture = isTexture(image) ? image : textureOf(slot, image);
      const entries = [
        { binding: 0, resource: texture.createView() },
        { binding: 1, resource: { buffer } },
      ];
      const side = groupsASide(slot);
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      pass.dispatchWorkgroups(side, side);
      pass.end();
    },
    release() {
      for (const texture of textures.values()) texture.destroy();
    },
  };
}

function isFrame(value: unknown): value is VideoFrame {
  return "displayWidth" in Object(value);
}

function isTexture(image: object): image is GPUTexture {
  return "createView" in image;
}

function isImage(value: unknown): value is GpuImage {
  if (typeof value !== "object" || value === null) return false;
  return isTexture(value) || ("close" in value && ("displayWidth" in value || "width" in value));
}

const channelsOf: Readonly<Record<string, number>> = { r8unorm: 1, rgba8unorm: 4, bgra8unorm: 4 };

function checkImage(
  { name, dtype, shape }: Pick<Slot, "name" | "dtype" | "shape">,
  image: GpuImage,
): GpuImage {
  const wrong = (given: string): never => {
    throw new ShapeError("input-image", `input ${name} is ${describeTensor(dtype, shape)}, given ${given}`);
  };
  const [batch, height, width, channels = 0] = shape;
  if (shape.length !== 4 || batch !== 1 || ![1, 3, 4].includes(channels) || !/^(float32|uint8)$/.test(dtype))
    wrong("an image, which inputs [1, height, width, 1, 3 or 4] of float32 or uint8 take");
  const size =
    "displayWidth" in image ? [image.displayWidth, image.displayHeight] : [image.width, image.height];
  if (size[0] !== width || size[1] !== height) wrong(`an image of ${size[0]} x ${size[1]} (width x height)`);
  if (!isTexture(image)) return image;
  const { format, usage, dimension, depthOrArrayLayers, sampleCount } = image;
  if ((channelsOf[format] ?? 0) < channels)
    wrong(`a texture of ${format}; it takes rgba8unorm or bgra8unorm`);
  if (!(usage & 4) || dimension !== "2d" || depthOrArrayLayers !== 1 || sampleCount !== 1)
    wrong("a texture that is not one 2d layer with one sample and usage TEXTURE_BINDING");
  return image;
}

/** Numbers that a buffer's 32 bits hold. */
function packed({ dtype }: Slot): number {
  return dtype === "uint8" ? 4 : 1;
}

function wordsOf(slot: Slot): number {
  return Math.ceil(slot.shape.reduce((a, b) => a * b, 1) / packed(slot));
}

/** Of a square of workgroups with 64 lanes, since one dimension alone holds 65535. */
function groupsASide(slot: Slot): number {
  return Math.ceil(Math.sqrt(wordsOf(slot) / 64));
}

/** A lane writes one word: one float32, or four bytes, which may be of several texels. */
function fillShader(slot: Slot): string {
  const [, , width = 0, channels = 0] = slot.shape;
  const [type, value] =
    packed(slot) === 4
      ? ["u32", "pack4x8unorm(vec4f(at(4 * i), at(4 * i + 1), at(4 * i + 2), at(4 * i + 3)))"]
      : ["f32", "at(i)"];
  return `@group(0) @binding(0) var image: texture_2d<f32>;
@group(0) @binding(1) var<storage, read_write> words: array<${type}>;
fn at(i: u32) -> f32 {
  let texel = i / ${channels};
  return textureLoad(image, vec2u(texel % ${width}, texel / ${width}), 0)[i % ${channels}];
}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * ${groupsASide(slot) * 64} + id.x;
  if (i < ${wordsOf(slot)}) { words[i] = ${value}; }
}
`;
}
