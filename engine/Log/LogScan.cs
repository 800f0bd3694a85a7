using Sluice.Engine.Files;

namespace Sluice.Engine.Log;

/// <summary>
/// Reads a redo log that a process left behind, by the recovery rule in LogFormat. <see cref="Open"/> checks every batch once and
/// gathers the notes; <see cref="Replay"/> then gives the batches again, one at a time, so the log never is in memory as a whole.
/// </summary>
internal sealed class LogScan : IDisposable
{
    private const string HeaderPlace = "offset 0, segment header";

    private readonly string _databasePath;
    private readonly List<LogSegment> _segments = [];
    private readonly List<string> _otherPaths = [];
    private readonly HashSet<int> _slots = [];
    private readonly List<CheckpointIntent> _intents = [];
    private byte[] _buffer = new byte[1 << 16];
    private ulong _firstNumber;
    private bool _handedOver;

    private LogScan(string databasePath)
    {
        _databasePath = databasePath;
    }

    /// <summary>A batch with commits or notes, in the buffer until the next one is asked for.</summary>
    public readonly ref struct Batch(BatchHeader header, ReadOnlySpan<byte> payload, string path, long offset)
    {
        public BatchHeader Header { get; } = header;

        public string Path { get; } = path;

        public RedoReader Records { get; } = new(payload, path, offset);
    }

    public delegate void BatchVisitor(Batch batch);

    /// <summary>Whether any batch was found. A log without is one that was being made when the crash came.</summary>
    public bool HasBatches { get; private set; }

    /// <summary>The first and last commit in the log; last is first - 1 when there is none, and is then the last one before the log if that is known.</summary>
    public long FirstCommit { get; private set; } = 1;

    public long LastCommit { get; private set; }

    /// <summary>The log's Base note, if its segment is still there.</summary>
    public (long Timestamp, FileMark Mark)? Base { get; private set; }

    public IReadOnlyList<CheckpointIntent> Intents => _intents;

    /// <summary>The newest Done note; 0 without any.</summary>
    public long Done { get; private set; }

    /// <summary>Whether something unfinished was cut off at the end.</summary>
    public bool TailCut { get; private set; }

    /// <summary>
    /// A file of this log whose header cannot be read and that holds batches from before <see cref="Segments"/>, or null. Whether they are needed
    /// the page file tells: they are not when the file was just being recycled.
    /// </summary>
    public string? DamagedPath { get; private set; }

    /// <summary>The file of the lowest number that is not there below those that are, or null: where a lost segment most likely was.</summary>
    public string? MissingPath { get; private set; }

    public ulong Salt { get; private set; }

    public uint PageSize { get; private set; }

    public IReadOnlyList<LogSegment> Segments => _segments;

    /// <summary>Where the next batch belongs in the last segment, and its sequence.</summary>
    public long EndPosition { get; private set; }

    public ulong NextSequence { get; private set; } = 1;

    /// <summary>Checks the whole log. Null when there are no files of a log.</summary>
    /// <exception cref="CorruptFileException">Bytes that are not an unfinished tail are damaged.</exception>
    public static LogScan? Open(FileSystem fileSystem, string databasePath)
    {
        IReadOnlyList<string> paths = fileSystem.WithPrefix(LogFormat.SlotPrefix(databasePath));
        if (paths.Count == 0)
        {
            return null;
        }

        var scan = new LogScan(databasePath);
        try
        {
            scan.OpenSlots(fileSystem, paths);
            scan.ReadAll();
            scan.CheckDamagedSlots(fileSystem);
            return scan;
        }
        catch
        {
            scan.Dispose();
            throw;
        }
    }

    /// <summary>Gives every batch in order.</summary>
    public void Replay(BatchVisitor visit)
    {
        ulong sequence = 0;
        foreach (LogSegment segment in _segments)
        {
            long position = LogFormat.FirstBatchOffset;
            while (TryReadBatch(segment, position, out BatchHeader header) && (sequence == 0 || header.Sequence == sequence)
                && header.Sequence < NextSequence)
            {
                if (header.IsSeal)
                {
                    break;
                }

                sequence = header.Sequence + 1;
                visit(new Batch(header, _buffer.AsSpan(LogFormat.BatchHeaderSize, header.PayloadLength), segment.File.Path, position));
                position += header.TotalLength;
            }
        }
    }

    /// <summary>The writing side, positioned behind the last batch. It owns the files from now on; the scan may still be replayed.</summary>
    public RedoLog ContinueWriting(FileSystem fileSystem, long segmentBytes)
    {
        var log = new RedoLog(fileSystem, _databasePath, PageSize, Salt, segmentBytes);
        if (TailCut)
        {
            _segments[^1].Clear(EndPosition);
        }

        _segments[^1].WriteAgain(EndPosition);

        log.Continue(_segments, EndPosition, NextSequence, _firstNumber + (ulong)_segments.Count - 1);
        _handedOver = true;
        return log;
    }

    /// <summary>Slots that hold nothing: spares, and files that were being made.</summary>
    public IReadOnlyList<string> UnusedPaths => _otherPaths;

    public void Dispose()
    {
        if (_handedOver)
        {
            return;
        }

        foreach (LogSegment segment in _segments)
        {
            segment.Dispose();
        }
    }

    private void OpenSlots(FileSystem fileSystem, IReadOnlyList<string> paths)
    {
        var byNumber = new SortedDictionary<ulong, (LogSegment Segment, SegmentHeader Header)>();
        Span<byte> bytes = stackalloc byte[LogFormat.SegmentHeaderSize];
        foreach (string path in paths)
        {
            if (!int.TryParse(path.AsSpan(LogFormat.SlotPrefix(_databasePath).Length), out int slot) || slot <= 0)
            {
                continue;
            }

            _slots.Add(slot);
            EngineFile file = fileSystem.Open(path, FileAccessMode.ReadWrite);
            int read = file.Read(bytes, 0);
            if (!LogFormat.TryReadSegmentHeader(bytes[..read], path, out SegmentHeader header) || header.Number == 0)
            {
                _otherPaths.Add(path);
                file.Dispose();
                continue;
            }

            var segment = new LogSegment(file, slot, file.Length, header.Number);
            if (!byNumber.TryAdd(header.Number, (segment, header)))
            {
                segment.Dispose();
                throw new CorruptFileException(path, HeaderPlace, $"two files say that they are segment {header.Number} of the log");
            }
        }

        int free = 1;
        while (_slots.Contains(free))
        {
            free++;
        }

        MissingPath = free <= _slots.Count ? LogFormat.SlotPath(_databasePath, free) : null;
        AddInOrder(fileSystem, byNumber);
    }

    private void AddInOrder(FileSystem fileSystem, SortedDictionary<ulong, (LogSegment Segment, SegmentHeader Header)> byNumber)
    {
        foreach ((ulong number, (LogSegment segment, SegmentHeader header)) in byNumber)
        {
            if (_segments.Count == 0)
            {
                _firstNumber = number;
                Salt = header.Salt;
                PageSize = header.PageSize;
            }

            _segments.Add(segment);
            if (header.Salt != Salt)
            {
                throw new CorruptFileException(segment.File.Path, HeaderPlace, "the segment belongs to another log than the ones before it");
            }

            if (number != _firstNumber + (ulong)_segments.Count - 1)
            {
                string lost = $"segment {_firstNumber + (ulong)_segments.Count - 1} of the redo log, between {_segments[^2].File.Path} and {segment.File.Path}";
                throw _otherPaths.Find(path => HoldsBatches(fileSystem, path, from: 0)) is { } damaged
                    ? HeaderIsDamaged(damaged, $"this is {lost}")
                    : new CorruptFileException(MissingPath ?? segment.File.Path, HeaderPlace, $"{lost}, is missing or its header is damaged");
            }
        }
    }

    private void ReadAll()
    {
        if (_segments.Count == 0)
        {
            return;
        }

        int index = 0;
        long position = LogFormat.FirstBatchOffset;
        bool started = false;
        int endIndex = 0;
        EndPosition = position;
        while (index < _segments.Count)
        {
            LogSegment segment = _segments[index];
            if (TryReadBatch(segment, position, out BatchHeader header) && (!started || header.Sequence == NextSequence))
            {
                started = true;
                endIndex = index;
                if (header.IsSeal)
                {
                    if (FollowsInNextSegment(index, header.Sequence))
                    {
                        index++;
                        position = LogFormat.FirstBatchOffset;
                        continue;
                    }

                    if (LastCommit == 0)
                    {
                        // It says how far the commits went, also where the segments that held them are lost.
                        (FirstCommit, LastCommit) = (header.FirstCommit, header.LastCommit);
                    }

                    // Its place and sequence go to the next batch, so it is not counted.
                    NextSequence = header.Sequence;
                    EndPosition = position;
                    SealFound(index, position + header.TotalLength);
                    break;
                }

                Take(segment, header, position);
                position += header.TotalLength;
                NextSequence = header.Sequence + 1;
                EndPosition = position;
                continue;
            }

            // Not here: it may be the first of the next segment. The very first batch has no other place.
            index = started ? index + 1 : _segments.Count;
            position = LogFormat.FirstBatchOffset;
        }

        if (index == _segments.Count)
        {
            CutTail(endIndex, started);
        }

        while (_segments.Count > endIndex + 1)
        {
            _otherPaths.Add(_segments[^1].File.Path);
            _segments[^1].Dispose();
            _segments.RemoveAt(_segments.Count - 1);
        }
    }

    /// <summary>A batch that did not fit behind a seal has the seal's sequence and is the first of the next segment.</summary>
    private bool FollowsInNextSegment(int index, ulong sequence) =>
        index + 1 < _segments.Count
        && TryReadBatch(_segments[index + 1], LogFormat.FirstBatchOffset, out BatchHeader next)
        && next.Sequence == sequence;

    /// <summary>After a seal nothing may follow that was written after a batch in the seal's place was synced.</summary>
    private void SealFound(int index, long position)
    {
        if (FindBatch(index, position, NextSequence - 1, out string path, out long found))
        {
            throw new CorruptFileException(_segments[index].File.Path, $"offset {EndPosition}", $"batch {NextSequence} is missing, but a later one is in {path} at offset {found}");
        }

        TailCut = HasBytes(_segments[index], position);
    }

    /// <summary>The last batch that follows on was found: what is behind it must be an unfinished write, not damage.</summary>
    private void CutTail(int endIndex, bool started)
    {
        if (FindBatch(endIndex, EndPosition, started ? NextSequence - 1 : 0, out string path, out long found))
        {
            throw new CorruptFileException(
                _segments[endIndex].File.Path,
                $"offset {EndPosition}",
                $"the batch there is damaged: it is not whole, but a later one is in {path} at offset {found}");
        }

        TailCut = HasBytes(_segments[endIndex], EndPosition);
    }

    private void Take(LogSegment segment, in BatchHeader header, long position)
    {
        string path = segment.File.Path;
        if (header.LastCommit >= header.FirstCommit)
        {
            if (LastCommit != 0 && header.FirstCommit != LastCommit + 1)
            {
                throw new CorruptFileException(path, $"batch at offset {position}", $"commit {header.FirstCommit} follows {LastCommit}");
            }

            if (LastCommit == 0)
            {
                FirstCommit = header.FirstCommit;
            }

            LastCommit = header.LastCommit;
            segment.LastCommit = header.LastCommit;
        }

        HasBatches = true;
        segment.Bytes += header.TotalLength;
        var records = new RedoReader(_buffer.AsSpan(LogFormat.BatchHeaderSize, header.PayloadLength), path, position);
        int count = 0;
        long commits = 0;
        while (records.NextRecord())
        {
            count++;
            switch (records.Type)
            {
                case LogRecordType.Commit:
                    commits++;
                    break;
                case LogRecordType.Base:
                    Base = records.ReadBase();
                    break;
                case LogRecordType.Intent:
                    _intents.Add(records.ReadIntent());
                    break;
                default:
                    Done = Math.Max(Done, records.ReadDone());
                    break;
            }
        }

        if (count != header.Records || commits != header.LastCommit - header.FirstCommit + 1)
        {
            throw new CorruptFileException(path, $"batch at offset {position}", $"{count} records with {commits} commits where its header says {header.Records} with commits {header.FirstCommit} to {header.LastCommit}");
        }
    }

    /// <summary>Reads and checks the batch at a place; its bytes are in the buffer then.</summary>
    private bool TryReadBatch(LogSegment segment, long position, out BatchHeader header)
    {
        header = default;
        Span<byte> start = _buffer.AsSpan(0, LogFormat.BatchHeaderSize);
        if (position + LogFormat.BatchHeaderSize > segment.Size
            || segment.File.Read(start, position) < LogFormat.BatchHeaderSize
            || !LogFormat.TryReadBatchHeader(start, out header)
            || position + header.TotalLength > segment.Size)
        {
            return false;
        }

        int length = LogFormat.BatchHeaderSize + header.PayloadLength;
        if (_buffer.Length < length)
        {
            Array.Resize(ref _buffer, length);
        }

        Span<byte> batch = _buffer.AsSpan(0, length);
        return segment.File.Read(batch, position) == length && LogFormat.IsWhole(batch, Salt, header);
    }

    /// <summary>Looks from a place on for a whole batch that says that one after <paramref name="above"/> was on the disk before.</summary>
    private bool FindBatch(int index, long position, ulong above, out string path, out long found)
    {
        for (; index < _segments.Count; index++, position = LogFormat.FirstBatchOffset)
        {
            if (FindBatch(_segments[index], position, batch => batch.SyncedBefore > above, out found))
            {
                path = _segments[index].File.Path;
                return true;
            }
        }

        path = "";
        found = 0;
        return false;
    }

    private bool FindBatch(LogSegment segment, long position, Predicate<BatchHeader> isMeant, out long found)
    {
        byte[] window = new byte[Math.Clamp(segment.Size - position, 1 << 12, 1 << 20)];
        for (long start = position; start < segment.Size; start += window.Length - LogFormat.BatchHeaderSize)
        {
            int read = segment.File.Read(window, start);
            for (int at = LogFormat.FindBatchMagic(window.AsSpan(0, read), 0); at >= 0; at = LogFormat.FindBatchMagic(window.AsSpan(0, read), at + LogFormat.Alignment))
            {
                if (TryReadBatch(segment, start + at, out BatchHeader header) && isMeant(header))
                {
                    found = start + at;
                    return true;
                }
            }
        }

        found = 0;
        return false;
    }

    public static CorruptFileException HeaderIsDamaged(string path, string why) => new(path, HeaderPlace, $"the header is damaged and the segment is in use: {why}");

    /// <summary>
    /// A slot whose header is unreadable is one whose header was being written, unless batches that should have been read are in it:
    /// a header is on the disk before the first batch behind it is written, so even the last one, which nothing follows, tells.
    /// </summary>
    private void CheckDamagedSlots(FileSystem fileSystem)
    {
        foreach (string path in _otherPaths)
        {
            if (_segments.Count == 0 ? HoldsBytes(fileSystem, path) : HoldsBatches(fileSystem, path, NextSequence))
            {
                throw HeaderIsDamaged(path, "it holds batches that are nowhere else");
            }

            if (HoldsBatches(fileSystem, path, from: 0))
            {
                DamagedPath = path;
            }
        }
    }

    /// <summary>Whether a file without a readable header holds a batch of this log from a sequence on.</summary>
    private bool HoldsBatches(FileSystem fileSystem, string path, ulong from)
    {
        using LogSegment slot = OpenSlot(fileSystem, path);
        return !HasHeader(slot.File, path) && FindBatch(slot, LogFormat.FirstBatchOffset, batch => batch.Sequence >= from, out _);
    }

    private static bool HoldsBytes(FileSystem fileSystem, string path)
    {
        using LogSegment slot = OpenSlot(fileSystem, path);
        return !HasHeader(slot.File, path) && HasBytes(slot, LogFormat.FirstBatchOffset);
    }

    private static LogSegment OpenSlot(FileSystem fileSystem, string path)
    {
        EngineFile file = fileSystem.Open(path, FileAccessMode.ReadOnly);
        return new LogSegment(file, 0, file.Length, 0);
    }

    private static bool HasHeader(EngineFile file, string path)
    {
        Span<byte> bytes = stackalloc byte[LogFormat.SegmentHeaderSize];
        int read = file.Read(bytes, 0);
        return LogFormat.TryReadSegmentHeader(bytes[..read], path, out _);
    }

    private static bool HasBytes(LogSegment segment, long position)
    {
        byte[] window = new byte[1 << 16];
        for (long start = position; start < segment.Size; start += window.Length)
        {
            int read = segment.File.Read(window, start);
            if (window.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                return true;
            }
        }

        return false;
    }
}
