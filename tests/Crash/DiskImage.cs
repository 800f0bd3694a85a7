using System.Runtime.InteropServices;
using System.Text;

namespace Sluice.Crash;

/// <summary>
/// What a disk may hold after the power went, from the files as they were and the trace of powercut.c. Certain is what was synced; of what was
/// not, each write is there, or not, or some of its sectors are, whatever came before or after it; each name that was made or removed is there or not.
/// </summary>
internal sealed class DiskImage
{
    /// <summary>What a disk writes whole or not at all.</summary>
    private const int SectorBytes = 512;

    private const int HeadBytes = 32;

    private enum Call
    {
        Open = 1,
        Write,
        Resize,
        Sync,
        Folder,
        Unlink,
    }

    /// <summary>A change of a file that is not certain yet: bytes at an offset, or a new length.</summary>
    private readonly record struct Change(long Record, long Offset, ReadOnlyMemory<byte> Bytes, bool IsResize);

    private sealed class Content(byte[] bytes)
    {
        public byte[] Certain { get; set; } = bytes;

        public List<Change> Uncertain { get; } = [];
    }

    private readonly Dictionary<string, Content> _certainNames = [];
    private readonly List<(long Record, string Name, Content? Content)> _uncertainNames = [];
    private readonly Dictionary<uint, Content> _files = [];

    // Names as the process saw them.
    private readonly Dictionary<string, Content> _names = [];

    /// <summary>The files as they are; a disk that is at rest.</summary>
    public DiskImage(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder).Where(path => !path.EndsWith("-sock", StringComparison.Ordinal)))
        {
            _names[path] = _certainNames[path] = new Content(File.ReadAllBytes(path));
        }
    }

    /// <summary>Records in the trace.</summary>
    public long Records { get; private set; }

    public int Syncs { get; private set; }

    /// <summary>Writes, resizes and names that were uncertain when the power went.</summary>
    public int Uncertain => _uncertainNames.Count + _names.Values.Concat(_certainNames.Values).Distinct().Sum(content => content.Uncertain.Count);

    /// <summary>Plays a trace up to its last whole record.</summary>
    public void Play(ReadOnlyMemory<byte> trace)
    {
        while (trace.Length >= HeadBytes)
        {
            ReadOnlySpan<byte> head = trace.Span;
            Call call = (Call)MemoryMarshal.Read<uint>(head);
            uint file = MemoryMarshal.Read<uint>(head[4..]);
            long a = MemoryMarshal.Read<long>(head[8..]);
            long length = MemoryMarshal.Read<long>(head[24..]);
            if (trace.Length - HeadBytes < length)
            {
                return;
            }

            Play(call, file, a, trace.Slice(HeadBytes, (int)length));
            trace = trace[(HeadBytes + (int)length)..];
            Records++;
        }
    }

    /// <summary>Writes one of the disks that there may be into a folder.</summary>
    public void Write(string fromFolder, string toFolder, Random random)
    {
        Dictionary<string, Content> names = new(_certainNames);
        foreach (IGrouping<string, (long Record, string Name, Content? Content)> changes in _uncertainNames.GroupBy(change => change.Name))
        {
            // Of one name the changes come in order; how far they came is open.
            foreach ((_, string name, Content? content) in changes.Take(random.Next(changes.Count() + 1)))
            {
                SetName(names, name, content);
            }
        }

        foreach ((string name, Content content) in names)
        {
            byte[] bytes = [.. content.Certain];
            foreach (Change change in content.Uncertain)
            {
                bytes = Maybe(bytes, change, random);
            }

            File.WriteAllBytes(Path.Combine(toFolder, Path.GetRelativePath(fromFolder, name)), bytes);
        }
    }

    private void Play(Call call, uint file, long a, ReadOnlyMemory<byte> bytes)
    {
        switch (call)
        {
            case Call.Open:
                string name = Encoding.UTF8.GetString(bytes.Span);
                if (a == 1)
                {
                    _names[name] = new Content([]);
                    _uncertainNames.Add((Records, name, _names[name]));
                }

                _files[file] = _names[name];
                break;
            case Call.Write:
                _files[file].Uncertain.Add(new Change(Records, a, bytes, IsResize: false));
                break;
            case Call.Resize:
                _files[file].Uncertain.Add(new Change(Records, a, default, IsResize: true));
                break;
            case Call.Sync:
                Syncs++;
                Content synced = _files[file];
                foreach (Change change in synced.Uncertain.TakeWhile(change => change.Record < a))
                {
                    synced.Certain = Apply(synced.Certain, change);
                }

                _ = synced.Uncertain.RemoveAll(change => change.Record < a);
                break;
            case Call.Folder:
                foreach ((_, string changed, Content? content) in _uncertainNames.Where(change => change.Record < a))
                {
                    SetName(_certainNames, changed, content);
                }

                _ = _uncertainNames.RemoveAll(change => change.Record < a);
                break;
            case Call.Unlink:
                string gone = Encoding.UTF8.GetString(bytes.Span);
                _ = _names.Remove(gone);
                _uncertainNames.Add((Records, gone, null));
                break;
            default:
                throw new InvalidDataException($"the trace has a record of kind {call}");
        }
    }

    private static void SetName(Dictionary<string, Content> names, string name, Content? content)
    {
        if (content is null)
        {
            _ = names.Remove(name);
        }
        else
        {
            names[name] = content;
        }
    }

    private static byte[] Maybe(byte[] bytes, in Change change, Random random)
    {
        int fate = random.Next(3);
        if (fate == 0)
        {
            return bytes;
        }

        if (fate == 1 || change.IsResize)
        {
            return Apply(bytes, change);
        }

        for (long start = change.Offset; start < change.Offset + change.Bytes.Length;)
        {
            long end = Math.Min(change.Offset + change.Bytes.Length, (start / SectorBytes * SectorBytes) + SectorBytes);
            if (random.Next(2) == 0)
            {
                bytes = Apply(bytes, change with { Offset = start, Bytes = change.Bytes[(int)(start - change.Offset)..(int)(end - change.Offset)] });
            }

            start = end;
        }

        return bytes;
    }

    /// <summary>In place where it fits; whoever needs the old bytes has a copy.</summary>
    private static byte[] Apply(byte[] bytes, in Change change)
    {
        byte[] result = bytes;
        long length = change.IsResize ? change.Offset : Math.Max(bytes.Length, change.Offset + change.Bytes.Length);
        if (length != bytes.Length)
        {
            Array.Resize(ref result, (int)length);
        }

        change.Bytes.Span.CopyTo(result.AsSpan(change.IsResize ? 0 : (int)change.Offset));
        return result;
    }
}
