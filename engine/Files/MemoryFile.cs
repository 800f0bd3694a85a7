namespace Sluice.Engine.Files;

/// <summary>The bytes of a file in memory, in chunks so that growing copies nothing, and the locks that open files hold on it.</summary>
internal sealed class MemoryContent
{
    public const int ChunkSize = 1 << 16;

    public readonly record struct HeldLock(MemoryFile Owner, long Start, long Length, bool Exclusive)
    {
        public bool Overlaps(long start, long length) => start < Start + Length && Start < start + length;
    }

    /// <summary>Guards the chunks and the length: many readers or one writer.</summary>
    public ReaderWriterLockSlim Gate { get; } = new();

    public List<byte[]> Chunks { get; } = [];

    public long Length { get; set; }

    /// <summary>Guarded by itself.</summary>
    public List<HeldLock> Locks { get; } = [];
}

/// <summary>An open file in memory.</summary>
internal sealed class MemoryFile(string path, MemoryContent content, bool readOnly) : EngineFile(path)
{
    public override long Length
    {
        get
        {
            content.Gate.EnterReadLock();
            try
            {
                return content.Length;
            }
            finally
            {
                content.Gate.ExitReadLock();
            }
        }
    }

    protected override int ReadSome(Span<byte> buffer, long offset)
    {
        content.Gate.EnterReadLock();
        try
        {
            int count = (int)Math.Clamp(content.Length - offset, 0, buffer.Length);
            for (int done = 0; done < count;)
            {
                (Memory<byte> chunk, int length) = Slice(offset + done, count - done);
                chunk.Span.CopyTo(buffer[done..]);
                done += length;
            }

            return count;
        }
        finally
        {
            content.Gate.ExitReadLock();
        }
    }

    public override void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        RequireWritable();
        content.Gate.EnterWriteLock();
        try
        {
            Resize(Math.Max(content.Length, offset + bytes.Length));
            for (int done = 0; done < bytes.Length;)
            {
                (Memory<byte> chunk, int length) = Slice(offset + done, bytes.Length - done);
                bytes.Slice(done, length).CopyTo(chunk.Span);
                done += length;
            }
        }
        finally
        {
            content.Gate.ExitWriteLock();
        }
    }

    public override void Sync()
    {
    }

    public override void SetLength(long length)
    {
        RequireWritable();
        content.Gate.EnterWriteLock();
        try
        {
            Resize(length);
        }
        finally
        {
            content.Gate.ExitWriteLock();
        }
    }

    public override bool TryLock(long start, long length, bool exclusive)
    {
        lock (content.Locks)
        {
            foreach (MemoryContent.HeldLock held in content.Locks)
            {
                if (held.Owner != this && held.Overlaps(start, length) && (exclusive || held.Exclusive))
                {
                    return false;
                }
            }

            Release(start, length);
            content.Locks.Add(new MemoryContent.HeldLock(this, start, length, exclusive));
            return true;
        }
    }

    public override void Unlock(long start, long length)
    {
        lock (content.Locks)
        {
            Release(start, length);
        }
    }

    public override void Dispose()
    {
        lock (content.Locks)
        {
            content.Locks.RemoveAll(held => held.Owner == this);
        }
    }

    /// <summary>Takes a range out of this file's locks; what lies outside the range stays.</summary>
    private void Release(long start, long length)
    {
        for (int i = content.Locks.Count - 1; i >= 0; i--)
        {
            MemoryContent.HeldLock held = content.Locks[i];
            if (held.Owner != this || !held.Overlaps(start, length))
            {
                continue;
            }

            content.Locks.RemoveAt(i);
            if (held.Start < start)
            {
                content.Locks.Add(held with { Length = start - held.Start });
            }

            if (held.Start + held.Length > start + length)
            {
                content.Locks.Add(held with { Start = start + length, Length = held.Start + held.Length - start - length });
            }
        }
    }

    private void RequireWritable()
    {
        if (readOnly)
        {
            throw new SluiceException(ResultCode.ReadOnly, $"{Path}: cannot write: the file is open for reading only");
        }
    }

    private void Resize(long length)
    {
        int chunks = (int)((length + MemoryContent.ChunkSize - 1) / MemoryContent.ChunkSize);
        while (content.Chunks.Count < chunks)
        {
            content.Chunks.Add(new byte[MemoryContent.ChunkSize]);
        }

        if (content.Chunks.Count > chunks)
        {
            content.Chunks.RemoveRange(chunks, content.Chunks.Count - chunks);
        }

        // A file that grows again after it shrank reads as zero there.
        if (length < content.Length && length % MemoryContent.ChunkSize is var rest and not 0)
        {
            content.Chunks[^1].AsSpan((int)rest).Clear();
        }

        content.Length = length;
    }

    private (Memory<byte> Chunk, int Length) Slice(long offset, int count)
    {
        int within = (int)(offset % MemoryContent.ChunkSize);
        int length = Math.Min(count, MemoryContent.ChunkSize - within);
        return (content.Chunks[(int)(offset / MemoryContent.ChunkSize)].AsMemory(within, length), length);
    }
}
