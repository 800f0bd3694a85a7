using Sluice.Engine.Format;

namespace Sluice.Engine.BTree;

/// <summary>Cells that belong to one leaf, in order of their keys, before they are written: each with the index of the leaf's cell that follows it.</summary>
internal sealed class LeafRun
{
    /// <summary>
    /// A run this long is written before more is added: it makes a dozen pages, and the lists of its cells are no large objects, which only a collection of the whole heap
    /// would free.
    /// </summary>
    public const int MostBytes = 48 << 10;

    private const int ChunkBytes = 16 << 10;

    private readonly List<(int Index, TreeCell Cell)> _cells = [];
    private readonly List<byte[]> _chunks = [new byte[ChunkBytes]];
    private int _chunk;
    private int _used;

    /// <summary>Bytes of all cells with their pointers.</summary>
    public int Size { get; private set; }

    public int Count => _cells.Count;

    public (int Index, TreeCell Cell) this[int i] => _cells[i];

    public void AddRow(int index, long rowid, ReadOnlySpan<byte> record)
    {
        Span<byte> target = Reserve(record.Length);
        int at = Varint.Write(target, (ulong)record.Length);
        at += Varint.Write(target[at..], (ulong)rowid);
        Add(index, target, at, record);
    }

    public void AddKey(int index, ReadOnlySpan<byte> key)
    {
        Span<byte> target = Reserve(key.Length);
        Add(index, target, Varint.Write(target, (ulong)key.Length), key);
    }

    public void Clear()
    {
        _cells.Clear();
        _chunk = 0;
        _used = 0;
        Size = 0;
    }

    private void Add(int index, Span<byte> target, int at, ReadOnlySpan<byte> payload)
    {
        payload.CopyTo(target[at..]);
        var cell = new TreeCell(_chunks[_chunk], _used, at + payload.Length, 0);
        _used += cell.Length;
        Size += cell.SizeIn(PageKind.TableLeaf) + 2;
        _cells.Add((index, cell));
    }

    /// <summary>Room for a cell, which is on one page (<see cref="CellFormat.MaxLocal"/>).</summary>
    private Span<byte> Reserve(int payload)
    {
        int needed = payload + (2 * Varint.MaxLength);
        if (_chunks[_chunk].Length - _used < needed)
        {
            _used = 0;
            _chunk++;
            if (_chunk == _chunks.Count)
            {
                _chunks.Add([]);
            }

            if (_chunks[_chunk].Length < needed)
            {
                _chunks[_chunk] = new byte[Math.Max(ChunkBytes, needed)];
            }
        }

        return _chunks[_chunk].AsSpan(_used);
    }
}
