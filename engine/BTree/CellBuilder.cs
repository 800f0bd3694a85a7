using System.Buffers.Binary;
using Sluice.Engine.Format;
using Sluice.Engine.Paging;

namespace Sluice.Engine.BTree;

/// <summary>Builds leaf cells and writes their overflow pages. Each cell stays valid until the next one is built.</summary>
internal sealed class CellBuilder(PageTransaction transaction)
{
    /// <summary>A payload's length, a rowid, the local payload, an overflow page's number.</summary>
    private readonly byte[] _buffer = new byte[transaction.PageSize + (2 * Varint.MaxLength) + 4];

    public TreeCell TableRow(long rowid, ReadOnlySpan<byte> record)
    {
        int at = Varint.Write(_buffer, (ulong)record.Length);
        at += Varint.Write(_buffer.AsSpan(at), (ulong)rowid);
        return Finish(at, record, tableLeaf: true);
    }

    public TreeCell IndexKey(ReadOnlySpan<byte> key) =>
        Finish(Varint.Write(_buffer, (ulong)key.Length), key, tableLeaf: false);

    private TreeCell Finish(int at, ReadOnlySpan<byte> payload, bool tableLeaf)
    {
        int local = CellFormat.LocalLength(payload.Length, transaction.UsableSize, tableLeaf);
        payload[..local].CopyTo(_buffer.AsSpan(at));
        at += local;
        if (local < payload.Length)
        {
            BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(at), OverflowChain.Write(transaction, payload[local..]));
            at += 4;
        }

        return new TreeCell(_buffer, 0, at, 0);
    }
}
