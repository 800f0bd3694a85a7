namespace Sluice.Engine.Log;

/// <summary>
/// The commits and notes that go to the disk with one write. It belongs to <see cref="GroupCommit"/>'s lock while it gathers, then to the thread
/// that writes it.
/// </summary>
internal sealed class LogBatch
{
    /// <summary>A buffer larger than this is not kept.</summary>
    private const int KeptBytes = 8 << 20;

    private byte[] _buffer = new byte[4096];
    private int _length = LogFormat.BatchHeaderSize;
    private int _records;
    private long _firstCommit;
    private bool _hasIntent;
    private Synchronous _strictest;

    /// <summary>Bytes of records.</summary>
    public int Length => _length - LogFormat.BatchHeaderSize;

    public int Commits { get; private set; }

    public long LastCommit { get; private set; }

    /// <summary>Whether somebody waits for it; a batch with only unhurried notes waits for company.</summary>
    public bool MustBeWritten => Pending.Count > 0;

    public List<PendingCommit> Pending { get; } = [];

    /// <summary>What its strictest member asks for.</summary>
    public Synchronous Strictest => _strictest;

    public void AddCommit(ReadOnlySpan<byte> record, long timestamp, PendingCommit pending)
    {
        if (Commits == 0)
        {
            _firstCommit = timestamp;
        }

        Append(record);
        Commits++;
        LastCommit = timestamp;
        Expect(pending);
    }

    public void AddNote(ReadOnlySpan<byte> record, bool intent, PendingCommit? pending)
    {
        Append(record);
        if (intent)
        {
            // What it announces happens next.
            _hasIntent = true;
            _strictest = Synchronous.Full;
        }

        if (pending is not null)
        {
            Expect(pending);
        }
    }

    /// <summary>Puts a note before everything else.</summary>
    public void Prepend(ReadOnlySpan<byte> record)
    {
        Reserve(record.Length);
        _buffer.AsSpan(LogFormat.BatchHeaderSize, Length).CopyTo(_buffer.AsSpan(LogFormat.BatchHeaderSize + record.Length));
        record.CopyTo(_buffer.AsSpan(LogFormat.BatchHeaderSize));
        _length += record.Length;
        _records++;
    }

    /// <summary>Writes the batch, and syncs it if a member asks for that; returns its length in the file.</summary>
    public long WriteTo(RedoLog log)
    {
        int payload = Length;
        int total = (int)LogFormat.Align(_length);
        Reserve(total - _length);
        _buffer.AsSpan(_length, total - _length).Clear();
        log.Append(_buffer.AsSpan(0, total), payload, _records, Commits > 0 ? _firstCommit : 0, Commits > 0 ? LastCommit : -1, _hasIntent, _strictest == Synchronous.Full);
        return total;
    }

    public void Clear()
    {
        if (_buffer.Length > KeptBytes)
        {
            _buffer = new byte[4096];
        }

        _length = LogFormat.BatchHeaderSize;
        _records = 0;
        _hasIntent = false;
        _strictest = Synchronous.Off;
        Commits = 0;
        LastCommit = 0;
        Pending.Clear();
    }

    private void Expect(PendingCommit pending)
    {
        Pending.Add(pending);
        _strictest = pending.Synchronous > _strictest ? pending.Synchronous : _strictest;
    }

    private void Append(ReadOnlySpan<byte> record)
    {
        Reserve(record.Length);
        record.CopyTo(_buffer.AsSpan(_length));
        _length += record.Length;
        _records++;
    }

    private void Reserve(int more)
    {
        long needed = (long)_length + more;
        if (needed > _buffer.Length)
        {
            Array.Resize(ref _buffer, (int)Math.Min(Math.Max(needed, _buffer.Length * 2L), Array.MaxLength));
        }
    }
}
