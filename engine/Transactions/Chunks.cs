using System.Runtime.CompilerServices;

namespace Sluice.Engine.Transactions;

/// <summary>
/// A list in pieces. One array that grows with a large transaction would be thrown away again and again on the heap of large objects, which only a
/// collection of everything that lives frees.
/// </summary>
internal sealed class Chunks<T>
{
    private const int ChunkBits = 10;
    private const int ChunkSize = 1 << ChunkBits;

    private readonly List<T[]> _chunks = [];

    public int Count { get; private set; }

    public ref readonly T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _chunks[index >> ChunkBits][index & (ChunkSize - 1)];
    }

    public void Add(in T item)
    {
        int chunk = Count >> ChunkBits;
        int index = Count & (ChunkSize - 1);
        if (chunk == _chunks.Count)
        {
            _chunks.Add(new T[chunk == 0 ? 4 : ChunkSize]);
        }

        T[] items = _chunks[chunk];
        if (index == items.Length)
        {
            Array.Resize(ref items, items.Length * 4);
            _chunks[chunk] = items;
        }

        items[index] = item;
        Count++;
    }

    /// <summary>Leaves the first <paramref name="count"/> items.</summary>
    public void Cut(int count)
    {
        int kept = (count + ChunkSize - 1) >> ChunkBits;
        _chunks.RemoveRange(kept, _chunks.Count - kept);
        if ((count & (ChunkSize - 1)) is > 0 and var inLast)
        {
            _chunks[^1].AsSpan(inLast).Clear();
        }

        Count = count;
    }
}
