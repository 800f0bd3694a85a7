using Sluice.Engine.Files;

namespace Sluice.Engine.Tests.Checkpoint;

/// <summary>
/// Files that forget what was not synced when the power goes. Each write, sync, creation and removal is a step; at the step given the
/// power goes, and from then on everything fails. What <see cref="AfterCrash"/> then finds is what was synced, and of what was not, sector
/// by sector, a part chosen by the seed.
/// </summary>
internal sealed class SimulatedFileSystem : FileSystem
{
    private const int SectorSize = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Content> _files = [];

    // The folder as it is on the disk.
    private readonly Dictionary<string, Content> _durableFolder = [];
    private long _crashAtStep = long.MaxValue;

    /// <summary>Steps so far.</summary>
    public long Steps { get; private set; }

    public bool Crashed { get; private set; }

    /// <summary>A sync that fails, once, at this count of syncs; 0 for none.</summary>
    public long FailingSync { get; set; }

    private long _syncs;

    private sealed class Content
    {
        public byte[] Durable = [];
        public byte[] Current = [];
        public List<(long Offset, byte[] Bytes)> Unsynced = [];
        public bool LengthChanged;
    }

    public void CrashAfter(long steps)
    {
        lock (_gate)
        {
            _crashAtStep = Steps + steps;
        }
    }

    /// <summary>The disk as it is found after the power came back.</summary>
    public SimulatedFileSystem AfterCrash(Random random)
    {
        lock (_gate)
        {
            var next = new SimulatedFileSystem();
            foreach (string name in _files.Keys.Union(_durableFolder.Keys).Order(StringComparer.Ordinal))
            {
                bool wasDurable = _durableFolder.TryGetValue(name, out Content? before);
                bool isThere = _files.TryGetValue(name, out Content? now);
                Content? kept = ReferenceEquals(before, now) || random.Next(2) == 0 ? now : before;
                if (kept is not null)
                {
                    byte[] bytes = Survivors(kept, random);
                    var content = new Content { Durable = bytes, Current = (byte[])bytes.Clone() };
                    next._files.Add(name, content);
                    next._durableFolder.Add(name, content);
                }

                Assert.True(wasDurable || isThere);
            }

            return next;
        }
    }

    /// <summary>The same files with nothing lost: what a killed process leaves.</summary>
    public SimulatedFileSystem Copy() => Copy(_files, content => content.Current);

    /// <summary>What was synced and nothing else: the least that a power cut leaves.</summary>
    public SimulatedFileSystem CopyOfDisk() => Copy(_durableFolder, content => content.Durable);

    private SimulatedFileSystem Copy(Dictionary<string, Content> files, Func<Content, byte[]> bytes)
    {
        lock (_gate)
        {
            var next = new SimulatedFileSystem();
            foreach ((string name, Content content) in files)
            {
                var copy = new Content { Durable = (byte[])bytes(content).Clone(), Current = (byte[])bytes(content).Clone() };
                next._files.Add(name, copy);
                next._durableFolder.Add(name, copy);
            }

            return next;
        }
    }

    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate)
            {
                return [.. _files.Keys.Order(StringComparer.Ordinal)];
            }
        }
    }

    public byte[] BytesOf(string name)
    {
        lock (_gate)
        {
            return _files[name].Current;
        }
    }

    public void Put(string name, byte[] bytes)
    {
        lock (_gate)
        {
            var content = new Content { Durable = (byte[])bytes.Clone(), Current = (byte[])bytes.Clone() };
            _files[name] = content;
            _durableFolder[name] = content;
        }
    }

    public override EngineFile Open(string path, FileAccessMode mode)
    {
        lock (_gate)
        {
            if (!_files.TryGetValue(path, out Content? content))
            {
                if (mode is FileAccessMode.ReadOnly or FileAccessMode.ReadWrite)
                {
                    throw new SluiceException(ResultCode.CannotOpen, $"{path}: no such file");
                }

                Step();
                content = new Content();
                _files.Add(path, content);
            }
            else if (mode == FileAccessMode.CreateNew)
            {
                throw new SluiceException(ResultCode.CannotOpen, $"{path}: is there already");
            }

            return new SimulatedFile(this, path, content);
        }
    }

    public override bool Exists(string path)
    {
        lock (_gate)
        {
            return _files.ContainsKey(path);
        }
    }

    public override void Delete(string path)
    {
        lock (_gate)
        {
            Step();
            _files.Remove(path);
        }
    }

    public override void SyncFolderOf(string path)
    {
        lock (_gate)
        {
            Step();
            _durableFolder.Clear();
            foreach ((string name, Content content) in _files)
            {
                _durableFolder.Add(name, content);
            }
        }
    }

    public override IReadOnlyList<string> WithPrefix(string path)
    {
        lock (_gate)
        {
            return [.. _files.Keys.Where(name => name.StartsWith(path, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        }
    }

    public override string Canonical(string path) => path;

    private static byte[] Survivors(Content content, Random random)
    {
        byte[] bytes = (byte[])content.Durable.Clone();
        if (content.LengthChanged && random.Next(2) == 0)
        {
            Array.Resize(ref bytes, content.Current.Length);
        }

        foreach ((long offset, byte[] written) in content.Unsynced)
        {
            int fate = random.Next(3);
            for (int at = 0; at < written.Length;)
            {
                int length = (int)Math.Min(SectorSize - ((offset + at) % SectorSize), written.Length - at);
                if (fate == 0 || (fate == 1 && random.Next(2) == 0))
                {
                    long end = offset + at + length;
                    if (end > bytes.Length)
                    {
                        Array.Resize(ref bytes, (int)end);
                    }

                    written.AsSpan(at, length).CopyTo(bytes.AsSpan((int)(offset + at)));
                }

                at += length;
            }
        }

        return bytes;
    }

    private void Step()
    {
        if (Crashed || ++Steps > _crashAtStep)
        {
            Crashed = true;
            throw new SluiceException(ResultCode.IoError, "the power is gone");
        }
    }

    private sealed class SimulatedFile(SimulatedFileSystem owner, string path, Content content) : EngineFile(path)
    {
        public override long Length
        {
            get
            {
                lock (owner._gate)
                {
                    return content.Current.Length;
                }
            }
        }

        protected override int ReadSome(Span<byte> buffer, long offset)
        {
            lock (owner._gate)
            {
                if (offset >= content.Current.Length)
                {
                    return 0;
                }

                int count = (int)Math.Min(buffer.Length, content.Current.Length - offset);
                content.Current.AsSpan((int)offset, count).CopyTo(buffer);
                return count;
            }
        }

        public override void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            lock (owner._gate)
            {
                // The power may go in the middle of a write: then its sectors are among those that may survive.
                if (offset + bytes.Length > content.Current.Length)
                {
                    Array.Resize(ref content.Current, (int)(offset + bytes.Length));
                }

                if (!owner.Crashed)
                {
                    content.Unsynced.Add((offset, bytes.ToArray()));
                }

                owner.Step();
                bytes.CopyTo(content.Current.AsSpan((int)offset));
            }
        }

        public override void Sync()
        {
            lock (owner._gate)
            {
                owner.Step();
                if (++owner._syncs == owner.FailingSync)
                {
                    throw new SluiceException(ResultCode.IoErrorSync, "the sync failed as the test wants");
                }

                content.Durable = (byte[])content.Current.Clone();
                content.Unsynced.Clear();
                content.LengthChanged = false;
            }
        }

        public override void SetLength(long length)
        {
            lock (owner._gate)
            {
                owner.Step();
                Array.Resize(ref content.Current, (int)length);
                content.LengthChanged = true;
                content.Unsynced.RemoveAll(write => write.Offset >= length);
            }
        }

        public override bool TryLock(long start, long length, bool exclusive) => true;

        public override void Unlock(long start, long length)
        {
        }

        public override void Dispose()
        {
        }
    }
}
