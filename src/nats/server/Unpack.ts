/**
 * Takes one file out of a `.tar.gz` or `.zip` archive held in memory, without any program of the system. An archive that
 * is cut short or damaged is an error, never a short file.
 */
import { crc32, gunzipSync, inflateRawSync } from "node:zlib"

const BLOCK = 512
const text = (bytes: Buffer, from: number, length: number): string =>
  bytes.toString("latin1", from, from + length).replace(/\0.*$/s, "")
const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** The contents of the file of this base name; undefined when the archive has none. Throws on a damaged archive. */
export const fromTarGz = (archive: Buffer, name: string): Buffer | undefined => {
  const tar = gunzipSync(archive)
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const size = Number.parseInt(text(tar, at + 124, 12).trim(), 8)
    const type = text(tar, at + 156, 1)
    const start = at + BLOCK
    if (!Number.isInteger(size) || start + size > tar.length) throw new Error("the archive is damaged or cut short")
    if ((type === "" || type === "0") && baseName(text(tar, at, 100)) === name) return tar.subarray(start, start + size)
    at = start + Math.ceil(size / BLOCK) * BLOCK
  }
  return undefined
}

/** As `fromTarGz`; entries must be stored or deflated and smaller than 4 GB. */
export const fromZip = (archive: Buffer, name: string): Buffer | undefined => {
  const end = archive.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"))
  if (end < 0) throw new Error("the archive is damaged or cut short")
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const nameLength = archive.readUInt16LE(at + 28)
    if (baseName(text(archive, at + 46, nameLength)) === name) {
      const header = archive.readUInt32LE(at + 42)
      const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28)
      const packed = archive.subarray(start, start + archive.readUInt32LE(at + 20))
      const contents = archive.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed)
      if (crc32(contents) !== archive.readUInt32LE(at + 16)) throw new Error("the archive is damaged")
      return contents
    }
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  return undefined
}
