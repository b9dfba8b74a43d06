/** Codecs that turn bytes into frames and frames into bytes, without sockets: `sockwright/codec`. */

export type { Codec, Decoder } from "./codec/codec.ts";
export { type CodecDefinition, defineCodec } from "./codec/define-codec.ts";
export { type DelimiterOptions, delimiter } from "./codec/delimiter.ts";
export { type FixedOptions, fixed } from "./codec/fixed.ts";
export { FrameError, type FrameErrorCode } from "./codec/frame-error.ts";
export { DEFAULT_MAX_FRAME_BYTES, type FrameLimit, type FrameOwnership } from "./codec/frame-limit.ts";
export { type JsonLinesOptions, jsonLines } from "./codec/json-lines.ts";
export { layered } from "./codec/layered.ts";
export { type LengthPrefixedOptions, lengthPrefixed } from "./codec/length-prefixed.ts";
export { type LinesOptions, lines } from "./codec/lines.ts";
export { type FrameMapping, mapFrames } from "./codec/map-frames.ts";
export { type NetstringOptions, netstring } from "./codec/netstring.ts";
export {
  DEFAULT_MAX_PROXY_HEADER_BYTES,
  type ProxyEnds,
  type ProxyHeader,
  type ProxyHeaderOptions,
  type ProxyHost,
  type ProxyUnix,
  proxyHeader,
} from "./codec/proxy-header.ts";
export { type ProxyTlv, ProxyTlvType } from "./codec/proxy-tlv.ts";
export type { TextEncoding } from "./codec/text.ts";
export { type VarintPrefixedOptions, varintPrefixed } from "./codec/varint-prefixed.ts";
export type { Data } from "./socket/values.ts";
