/** ECMAScript 2024, in every Node since 20: an ArrayBuffer that can grow. */
export interface ResizableArrayBuffer extends ArrayBuffer {
  resize(byteLength: number): void;
}

export function resizableBuffer(byteLength: number, maxByteLength: number): ResizableArrayBuffer {
  return Reflect.construct(ArrayBuffer, [byteLength, { maxByteLength }]);
}
