using Sluice.Engine.Files;

namespace Sluice.Engine.Paging;

/// <summary>
/// Pages that are put aside while memory is short: images in slots of a file that has no name any more as soon as it is open, so it ends with the
/// process. The file is made when it is first needed. Safe for many threads, a slot for those who know its number.
/// </summary>
internal sealed class SideFile(FileSystem files, string path, int pageSize) : IDisposable
{
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Stack<long> _free = new();
    private EngineFile? _file;
    private long _slots;

    /// <summary>Puts an image aside; its slot.</summary>
    /// <exception cref="SluiceException">Full, IoError or CannotOpen: it was not put there.</exception>
    public long Put(byte[] image)
    {
        (EngineFile file, long slot) = Take();
        try
        {
            file.Write(image, slot * pageSize);
            return slot;
        }
        catch
        {
            Free(slot);
            throw;
        }
    }

    public byte[] Get(long slot)
    {
        byte[] image = GC.AllocateUninitializedArray<byte>(pageSize);
        return _file!.Read(image, slot * pageSize) == pageSize
            ? image
            : throw new CorruptFileException(path, $"offset {slot * pageSize}", "a page that was put aside there is not there any more");
    }

    /// <summary>The image in the slot is not needed any more.</summary>
    public void Free(long slot)
    {
        lock (_gate)
        {
            _free.Push(slot);
        }
    }

    public void Dispose() => _file?.Dispose();

    private (EngineFile File, long Slot) Take()
    {
        lock (_gate)
        {
            if (_file is null)
            {
                EngineFile file = files.Open(path, FileAccessMode.CreateOrOpen);
                try
                {
                    files.Delete(path);
                }
                catch
                {
                    file.Dispose();
                    throw;
                }

                _file = file;
            }

            return (_file, _free.TryPop(out long free) ? free : _slots++);
        }
    }
}
