using System.Collections.Concurrent;
using Sluice.Engine;
using Sluice.Engine.Files;

namespace Sluice.Simulation.Disk;

/// <summary>
/// Files that do everything a disk may do, by a seed: forget what was not synced, tear and reorder it, lose names that were not synced with
/// their folder, read in parts, fail, be full, be slow, be read by others. Every operation is a step; at the step that the plan names the power goes, and from then on
/// everything throws <see cref="PowerCutException"/> until <see cref="Restart"/>.
/// </summary>
internal sealed class SimulatedDisk(Random random, Trace trace) : FileSystem
{
    private static readonly ConcurrentDictionary<IoPoint, string> s_pointNames = [];

    // The folder as the process sees it and as it is on the disk.
    private readonly SortedDictionary<string, Inode> _names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Inode> _durableNames = new(StringComparer.Ordinal);
    private readonly Dictionary<IoPoint, int> _visits = [];
    private readonly ForeignReader _foreign = new(random);
    private FaultPlan _plan = FaultPlan.None;
    private long _steps;
    private long _usedAtPlan;

    /// <summary>What the engine is doing, for the names of points.</summary>
    public string Phase { get; set; } = "open";

    /// <summary>Called where an operation takes its time and others may run meanwhile.</summary>
    public Action<IoPoint>? Meanwhile { get; set; }

    public bool Crashed { get; private set; }

    /// <summary>Errors given to the engine since the plan was set.</summary>
    public int Injected { get; private set; }

    public long Steps { get; private set; }

    /// <summary>Where the power went, for all lives.</summary>
    public List<IoPoint> CrashPoints { get; } = [];

    public IReadOnlyDictionary<string, Inode> Names => _names;

    public void SetPlan(FaultPlan plan)
    {
        _plan = plan;
        _steps = 0;
        _visits.Clear();
        Injected = 0;
        _usedAtPlan = Used;
        _foreign.Leave();
    }

    /// <summary>From now on nothing fails and there is room.</summary>
    public void Heal()
    {
        _plan = FaultPlan.None;
        _foreign.Leave();
    }

    /// <summary>The process ends now.</summary>
    public void Crash() => Crashed = true;

    /// <summary>
    /// The disk as the next process finds it. With <paramref name="powerLost"/> what was not synced is there in part; else the process was only killed.
    /// </summary>
    public void Restart(bool powerLost)
    {
        Crashed = false;
        if (powerLost)
        {
            foreach (string name in _names.Keys.Union(_durableNames.Keys).Order(StringComparer.Ordinal).ToArray())
            {
                Inode? current = _names.GetValueOrDefault(name);
                Inode? durable = _durableNames.GetValueOrDefault(name);
                Inode? kept = ReferenceEquals(current, durable) || random.Next(2) == 0 ? current : durable;
                if (kept is null)
                {
                    _names.Remove(name);
                }
                else
                {
                    _names[name] = kept;
                }
            }
        }

        foreach (Inode inode in _names.Values)
        {
            if (powerLost)
            {
                inode.LosePower(random);
            }
            else
            {
                inode.KeepAll();
            }
        }

        SyncNames();
    }

    public override EngineFile Open(string path, FileAccessMode mode)
    {
        bool there = _names.TryGetValue(path, out Inode? inode);
        if (there && mode == FileAccessMode.CreateNew)
        {
            throw new SluiceException(ResultCode.CannotOpen, $"{path}: unable to open database file: File exists");
        }

        if (!there && mode is FileAccessMode.ReadOnly or FileAccessMode.ReadWrite)
        {
            throw new SluiceException(ResultCode.CannotOpen, $"{path}: unable to open database file: No such file or directory");
        }

        IoPoint point = Begin(path, there ? IoKind.Open : IoKind.Create, 0, 0);
        FailSometimes(_plan.FailingNames, point, path, there ? "open the file" : "create the file", ResultCode.CannotOpen);
        if (!there)
        {
            inode = new Inode();
            _names.Add(path, inode);
        }

        End(point);
        return new SimulatedFile(path, this, inode!, mode == FileAccessMode.ReadOnly);
    }

    public override bool Exists(string path)
    {
        ThrowIfCrashed();
        return _names.ContainsKey(path);
    }

    public override void Delete(string path)
    {
        IoPoint point = Begin(path, IoKind.Delete, 0, 0);
        FailSometimes(_plan.FailingNames, point, path, "delete the file", ResultCode.IoError);
        _names.Remove(path);
        End(point);
    }

    public override void SyncFolderOf(string path)
    {
        IoPoint point = Begin(path, IoKind.SyncFolder, 0, 0);
        FailSometimes(_plan.FailingNames, point, path, "sync the folder to disk", ResultCode.IoErrorSync);
        SyncNames();
        End(point);
    }

    public override IReadOnlyList<string> WithPrefix(string path)
    {
        ThrowIfCrashed();
        return [.. _names.Keys.Where(name => name.StartsWith(path, StringComparison.Ordinal))];
    }

    public override string Canonical(string path) => path;

    internal int Read(SimulatedFile file, Inode inode, Span<byte> buffer, long offset)
    {
        IoPoint point = Begin(file.Path, IoKind.Read, offset, buffer.Length);
        FailSometimes(_plan.FailingReads, point, file.Path, $"read {buffer.Length} bytes at offset {offset}", ResultCode.IoErrorRead);
        int count = (int)Math.Clamp(inode.Length - offset, 0, buffer.Length);
        if (count > 1 && _plan.ShortReads > 0 && random.Next(_plan.ShortReads) == 0)
        {
            count = random.Next(1, count);
            trace.Add("short read", count);
        }

        if (count > 0)
        {
            inode.Current.Slice((int)offset, count).CopyTo(buffer);
        }

        return count;
    }

    internal bool TryLock(SimulatedFile file, long start, bool exclusive)
    {
        ThrowIfCrashed();
        if (!_foreign.Refuses(start, exclusive, _plan.ForeignReaders))
        {
            return true;
        }

        End(Begin(file.Path, IoKind.RefusedLock, start, 0));
        return false;
    }

    internal void Write(SimulatedFile file, Inode inode, ReadOnlySpan<byte> bytes, long offset)
    {
        RequireNoReader(file);
        IoPoint point;
        try
        {
            point = Begin(file.Path, IoKind.Write, offset, bytes.Length);
        }
        catch (PowerCutException)
        {
            if (ThisStepCrashed)
            {
                // The power goes while it is under way: it may be there in part.
                inode.Write(bytes, offset);
            }

            throw;
        }

        long room = RoomAt(inode, offset, bytes.Length);
        if (room < bytes.Length)
        {
            inode.Write(bytes[..(int)room], offset);
            Throw(file.Path, $"write {bytes.Length} bytes at offset {offset}", ResultCode.Full, "No space left on device");
        }

        if (Fails(_plan.FailingWrites, point))
        {
            inode.Write(bytes[..random.Next(bytes.Length + 1)], offset);
            Throw(file.Path, $"write {bytes.Length} bytes at offset {offset}", ResultCode.IoErrorWrite, "Input/output error");
        }

        inode.Write(bytes, offset);
        End(point);
    }

    internal void SetLength(SimulatedFile file, Inode inode, long length)
    {
        RequireNoReader(file);
        IoPoint point = Begin(file.Path, IoKind.Resize, length, 0);
        if (length > inode.Length && RoomAt(inode, inode.Length, length - inode.Length) < length - inode.Length)
        {
            Throw(file.Path, $"set the file's size to {length} bytes", ResultCode.Full, "No space left on device");
        }

        FailSometimes(_plan.FailingWrites, point, file.Path, $"set the file's size to {length} bytes", ResultCode.IoErrorWrite);
        inode.SetLength(length);
        End(point);
    }

    internal void Sync(SimulatedFile file, Inode inode)
    {
        IoPoint point = Begin(file.Path, IoKind.Sync, 0, 0);

        // Others run before the bytes are safe: who shows them too early is seen.
        End(point);
        if (Fails(_plan.FailingSyncs, point))
        {
            inode.FailSync(random);
            Throw(file.Path, "sync the file to disk", ResultCode.IoErrorSync, "Input/output error");
        }

        inode.Sync();
    }

    internal void ThrowIfCrashed()
    {
        if (Crashed)
        {
            throw new PowerCutException();
        }
    }

    private void RequireNoReader(SimulatedFile file)
    {
        if (_foreign.IsReading && IoPoint.KindOf(file.Path) == FileKind.Database)
        {
            throw new SimulationFailure($"{file.Path} is written while another process reads it");
        }
    }

    private long Used => _names.Values.Sum(inode => (long)inode.Length);

    /// <summary>Whether the crash came with the operation that is being refused, not before it.</summary>
    private bool ThisStepCrashed { get; set; }

    private IoPoint Begin(string path, IoKind kind, long offset, long length)
    {
        ThisStepCrashed = false;
        ThrowIfCrashed();
        var point = new IoPoint(Phase, IoPoint.KindOf(path), kind);
        Steps++;
        _steps++;
        trace.Add(Name(point), offset, length);
        int visits = _visits[point] = _visits.GetValueOrDefault(point) + 1;
        if (_steps >= _plan.CrashAtStep || (_plan.CrashAtPoint is { } aim && aim.Point == point && aim.Times == visits))
        {
            trace.Add("power cut");
            CrashPoints.Add(point);
            Crashed = ThisStepCrashed = true;
            throw new PowerCutException();
        }

        return point;
    }

    private void End(IoPoint point)
    {
        Meanwhile?.Invoke(point);
        ThrowIfCrashed();
    }

    private bool Fails(int oneIn, IoPoint point) =>
        (_plan.FailAtPoint is { } aim && aim.Point == point && aim.Times == _visits[point]) || (oneIn > 0 && random.Next(oneIn) == 0);

    private void FailSometimes(int oneIn, IoPoint point, string path, string action, ResultCode code)
    {
        if (Fails(oneIn, point))
        {
            Throw(path, action, code, "Input/output error");
        }
    }

    private void Throw(string path, string action, ResultCode code, string reason)
    {
        Injected++;
        trace.Add(reason);
        throw new SluiceException(code, $"{path}: cannot {action}: {reason}");
    }

    private long RoomAt(Inode inode, long offset, long length)
    {
        if (_plan.FreeBytes is not { } free)
        {
            return length;
        }

        long left = Math.Max(0, free - (Used - _usedAtPlan));
        return Math.Clamp(inode.Length + left - offset, 0, length);
    }

    private void SyncNames()
    {
        _durableNames.Clear();
        foreach ((string name, Inode inode) in _names)
        {
            _durableNames.Add(name, inode);
        }
    }

    private static string Name(IoPoint point) => s_pointNames.GetOrAdd(point, static point => point.ToString());
}

/// <summary>An open file of a <see cref="SimulatedDisk"/>. Locks are to be had, but for what a <see cref="ForeignReader"/> refuses.</summary>
internal sealed class SimulatedFile(string path, SimulatedDisk disk, Inode inode, bool readOnly) : EngineFile(path)
{
    public override long Length
    {
        get
        {
            disk.ThrowIfCrashed();
            return inode.Length;
        }
    }

    protected override int ReadSome(Span<byte> buffer, long offset) => disk.Read(this, inode, buffer, offset);

    public override void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        RequireWritable();
        disk.Write(this, inode, bytes, offset);
    }

    public override void Sync() => disk.Sync(this, inode);

    public override void SetLength(long length)
    {
        RequireWritable();
        disk.SetLength(this, inode, length);
    }

    public override bool TryLock(long start, long length, bool exclusive) => disk.TryLock(this, start, exclusive);

    public override void Unlock(long start, long length)
    {
    }

    public override void Dispose()
    {
    }

    private void RequireWritable()
    {
        if (readOnly)
        {
            throw new SimulationFailure($"{Path} is open for reading and was written");
        }
    }
}
