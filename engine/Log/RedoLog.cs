using Sluice.Engine.Files;

namespace Sluice.Engine.Log;

/// <summary>
/// The writing side of the redo log: appends batches, moves from segment to segment, recycles what a checkpoint made needless.
/// The files are made at the first batch. One thread at a time may append; <see cref="Recycle"/>, <see cref="PrepareSpare"/> and the
/// figures may be used by others meanwhile.
/// </summary>
internal sealed class RedoLog(FileSystem fileSystem, string databasePath, uint pageSize, ulong salt, long segmentBytes) : IDisposable
{
    /// <summary>The first segment of a log is small, each next one twice as large: a quiet database has a small log.</summary>
    private const long FirstSegmentBytes = 1 << 18;

    /// <summary>Spare segments kept for reuse; more are removed, so that a burst does not hold disk space for ever.</summary>
    private const int KeptSpares = 4;

    private const long SmallestSegmentBytes = LogFormat.FirstBatchOffset * 2;

    private readonly long _segmentBytes = Math.Max(segmentBytes, SmallestSegmentBytes);

    // Owned by the appending thread.
    private LogSegment? _current;
    private long _position;
    private ulong _nextSequence = 1;
    private ulong _syncedSequence;

    // Guarded by _gate: the segments in use from the oldest to the current one, and the spare ones.
    private readonly Lock _gate = new();
    private readonly Queue<LogSegment> _used = new();
    private readonly Stack<LogSegment> _spares = new();
    private readonly HashSet<int> _takenSlots = [];
    private ulong _lastNumber;
    private ulong _intentNumber;
    private long _bytesInUse;

    /// <summary>Whether the log has files.</summary>
    public bool Exists
    {
        get
        {
            lock (_gate)
            {
                return _used.Count > 0;
            }
        }
    }

    /// <summary>Bytes of batches in segments that are in use.</summary>
    public long BytesInUse => Volatile.Read(ref _bytesInUse);

    /// <summary>Whether the current segment is more than half full and no other is ready.</summary>
    public bool WantsSpare
    {
        get
        {
            lock (_gate)
            {
                return _current is { } current && _spares.Count == 0 && Volatile.Read(ref _position) > current.Size / 2;
            }
        }
    }

    /// <summary>The path of the segment being written, for messages.</summary>
    public string CurrentPath => _current?.File.Path ?? LogFormat.SlotPath(databasePath, 1);

    /// <summary>Continues a log that recovery has read: the next batch follows the last valid one.</summary>
    public void Continue(IReadOnlyList<LogSegment> segments, long position, ulong nextSequence, ulong lastNumber)
    {
        lock (_gate)
        {
            foreach (LogSegment segment in segments)
            {
                _used.Enqueue(segment);
                _takenSlots.Add(segment.Slot);
            }

            _current = segments[^1];
            _position = position;
            _nextSequence = nextSequence;
            _syncedSequence = nextSequence - 1;
            _lastNumber = lastNumber;
            _intentNumber = segments[0].Number;
        }
    }

    /// <summary>
    /// Writes a batch and, if <paramref name="sync"/>, syncs it with all before it. <paramref name="batch"/> has room for the header, then the
    /// payload, then padding. When this throws the log must not be written any more.
    /// </summary>
    public void Append(Span<byte> batch, int payloadLength, int records, long firstCommit, long lastCommit, bool hasIntent, bool sync)
    {
        LogSegment segment = SegmentFor(LogFormat.Align(LogFormat.BatchHeaderSize + (long)payloadLength));
        var header = new BatchHeader(payloadLength, records, _nextSequence, firstCommit, lastCommit, _syncedSequence);
        LogFormat.SealBatch(batch, salt, header);
        segment.File.Write(batch[..(int)header.TotalLength], _position);
        if (sync)
        {
            segment.File.Sync();
            _syncedSequence = _nextSequence;
        }

        _nextSequence++;
        Volatile.Write(ref _position, _position + header.TotalLength);
        if (lastCommit >= firstCommit)
        {
            segment.LastCommit = lastCommit;
        }

        lock (_gate)
        {
            segment.Bytes += header.TotalLength;
            _bytesInUse += header.TotalLength;
            if (hasIntent)
            {
                _intentNumber = segment.Number;
            }
        }
    }

    /// <summary>Whether the last batches are not yet on the disk.</summary>
    public bool HasUnsynced => _syncedSequence + 1 < _nextSequence;

    /// <summary>Puts on the disk what was appended without.</summary>
    public void Sync()
    {
        if (HasUnsynced)
        {
            _current!.File.Sync();
            _syncedSequence = _nextSequence - 1;
        }
    }

    /// <summary>Writes the seal behind the last batch, without a sync. <paramref name="nextCommit"/> is the timestamp that comes next.</summary>
    public void Seal(long nextCommit)
    {
        if (_current is not { } segment)
        {
            return;
        }

        Span<byte> seal = stackalloc byte[LogFormat.BatchHeaderSize];
        LogFormat.SealBatch(seal, salt, new BatchHeader(0, 0, _nextSequence, nextCommit, nextCommit - 1, _syncedSequence));
        segment.File.Write(seal, _position);
    }

    /// <summary>
    /// Frees the segments whose commits are all at or before <paramref name="checkpointed"/>, up to the one with the last Intent note.
    /// </summary>
    public void Recycle(long checkpointed)
    {
        while (true)
        {
            LogSegment segment;
            bool keep;
            lock (_gate)
            {
                if (_used.Count < 2 || _used.Peek().Number >= _intentNumber || _used.Peek().LastCommit > checkpointed)
                {
                    return;
                }

                segment = _used.Peek();
                keep = !segment.IsBeingRemoved && segment.Size == _segmentBytes && _spares.Count < KeptSpares;
            }

            // Until this is done it stays the first one: going on to the next would leave a gap in the numbers on the disk.
            long bytes = segment.Bytes;
            if (keep)
            {
                segment.Begin(pageSize, salt, 0);
            }
            else
            {
                Remove(segment);
            }

            lock (_gate)
            {
                _ = _used.Dequeue();
                _bytesInUse -= bytes;
                if (keep)
                {
                    _spares.Push(segment);
                }
            }
        }
    }

    /// <summary>Makes a segment ready ahead of need, so that no committer waits for its zeros.</summary>
    public void PrepareSpare()
    {
        if (!WantsSpare)
        {
            return;
        }

        int slot;
        long size;
        lock (_gate)
        {
            slot = TakeSlot();
            size = NextSize();
        }

        LogSegment segment = Create(slot, size);
        lock (_gate)
        {
            _spares.Push(segment);
        }
    }

    /// <summary>Removes all files of the log, the oldest first, so that what a crash leaves is a log that is still complete at its end.</summary>
    public void RemoveFiles()
    {
        List<LogSegment> segments;
        lock (_gate)
        {
            segments = [.. _spares, .. _used];
            _spares.Clear();
            _used.Clear();
            _current = null;
            _bytesInUse = 0;
        }

        foreach (LogSegment segment in segments)
        {
            Remove(segment);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (LogSegment segment in _used)
            {
                segment.Dispose();
            }

            foreach (LogSegment segment in _spares)
            {
                segment.Dispose();
            }

            _used.Clear();
            _spares.Clear();
            _current = null;
        }
    }

    /// <summary>The current segment if the batch and a seal behind it fit in, else the next one.</summary>
    private LogSegment SegmentFor(long batchLength)
    {
        long needed = batchLength + LogFormat.BatchHeaderSize;
        if (_current is { } current && _position + needed <= current.Size)
        {
            return current;
        }

        Sync();
        LogSegment? next = null;
        int slot = 0;
        long size = 0;
        lock (_gate)
        {
            if (_spares.Count > 0 && _spares.Peek().Size >= needed + LogFormat.FirstBatchOffset)
            {
                next = _spares.Pop();
            }
            else
            {
                slot = TakeSlot();
                size = Math.Max(NextSize(), LogFormat.Align(needed + LogFormat.FirstBatchOffset));
            }
        }

        next ??= Create(slot, size);
        next.Begin(pageSize, salt, _lastNumber + 1);
        lock (_gate)
        {
            _lastNumber = next.Number;
            if (_used.Count == 0)
            {
                _intentNumber = next.Number;
            }

            _used.Enqueue(next);
            _current = next;
            Volatile.Write(ref _position, LogFormat.FirstBatchOffset);
        }

        return next;
    }

    private long NextSize() =>
        Math.Min(_segmentBytes, _current is null ? FirstSegmentBytes : Math.Max(FirstSegmentBytes, _current.Size * 2));

    private int TakeSlot()
    {
        int slot = 1;
        while (!_takenSlots.Add(slot))
        {
            slot++;
        }

        return slot;
    }

    private LogSegment Create(int slot, long size)
    {
        try
        {
            return LogSegment.Create(fileSystem, databasePath, slot, size);
        }
        catch
        {
            // A half-made file that could not be removed keeps its slot; the next open removes it.
            if (!fileSystem.Exists(LogFormat.SlotPath(databasePath, slot)))
            {
                lock (_gate)
                {
                    _takenSlots.Remove(slot);
                }
            }

            throw;
        }
    }

    private void Remove(LogSegment segment)
    {
        string path = segment.File.Path;
        segment.IsBeingRemoved = true;
        fileSystem.Delete(path);
        fileSystem.SyncFolderOf(path);
        segment.Dispose();
        lock (_gate)
        {
            _takenSlots.Remove(segment.Slot);
        }
    }
}
