using Sluice.Engine.Format;

namespace Sluice.Engine.Transactions;

/// <summary>
/// Copies of a transaction's records and keys, many to an array: each an array of its own would be one more object to trace for the garbage collector,
/// with a header nearly as long as a reading. An array lives as long as any version whose content is in it, so arrays are short. Owned by the transaction's thread.
/// </summary>
internal sealed class ContentBuffer
{
    private const int FirstChunkBytes = 64;
    private const int ChunkBytes = 2048;

    /// <summary>What is longer has an array of its own.</summary>
    private const int LongestShared = ChunkBytes / 8;

    private byte[] _chunk = [];
    private int _used;

    public Payload Keep(ReadOnlySpan<byte> content)
    {
        if (content.Length > _chunk.Length - _used)
        {
            if (content.Length > LongestShared)
            {
                return new Payload(content.ToArray(), 0, content.Length);
            }

            int size = Math.Clamp(_chunk.Length * 2, FirstChunkBytes, ChunkBytes);
            _chunk = GC.AllocateUninitializedArray<byte>(Math.Max(size, content.Length));
            _used = 0;
        }

        content.CopyTo(_chunk.AsSpan(_used));
        var kept = new Payload(_chunk, _used, content.Length);
        _used += content.Length;
        return kept;
    }
}
