namespace Sluice.Engine.Files;

/// <summary>
/// Files that live in memory, for :memory: databases and tests. A file stays until it is deleted, open or not; locks exclude
/// each other between open files as those of <see cref="PosixFileSystem"/> do.
/// </summary>
public sealed class MemoryFileSystem : FileSystem
{
    private readonly Dictionary<string, MemoryContent> _files = new(StringComparer.Ordinal);

    public override EngineFile Open(string path, FileAccessMode mode)
    {
        lock (_files)
        {
            bool there = _files.TryGetValue(path, out MemoryContent? content);
            if (there && mode == FileAccessMode.CreateNew)
            {
                throw new SluiceException(ResultCode.CannotOpen, $"{path}: unable to open database file: File exists");
            }

            if (!there)
            {
                if (mode is FileAccessMode.ReadOnly or FileAccessMode.ReadWrite)
                {
                    throw new SluiceException(ResultCode.CannotOpen, $"{path}: unable to open database file: No such file or directory");
                }

                _files.Add(path, content = new MemoryContent());
            }

            return new MemoryFile(path, content!, mode == FileAccessMode.ReadOnly);
        }
    }

    public override bool Exists(string path)
    {
        lock (_files)
        {
            return _files.ContainsKey(path);
        }
    }

    public override void Delete(string path)
    {
        lock (_files)
        {
            _files.Remove(path);
        }
    }

    public override void SyncFolderOf(string path)
    {
    }

    public override IReadOnlyList<string> WithPrefix(string path)
    {
        lock (_files)
        {
            List<string> found = [];
            foreach (string name in _files.Keys)
            {
                if (name.StartsWith(path, StringComparison.Ordinal) && !name.AsSpan(path.Length).Contains('/'))
                {
                    found.Add(name);
                }
            }

            found.Sort(StringComparer.Ordinal);
            return found;
        }
    }

    public override string Canonical(string path) => path;
}
