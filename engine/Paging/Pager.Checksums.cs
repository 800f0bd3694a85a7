using System.Buffers;
using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <content>Checksums of a file that another program has written.</content>
public sealed partial class Pager
{
    /// <summary>What <see cref="RenewChecksums"/> reads at once; at least a page of the largest size.</summary>
    private const int RenewalBytes = 1 << 18;

    /// <summary>Whether each page of the file has its right checksum, so that what is read is verified.</summary>
    private volatile bool _checksumsAreValid;

    /// <summary>Whether each page read from the file is verified by its checksum.</summary>
    public bool ChecksumsAreValid => _checksumsAreValid;

    /// <summary>Whether pages have room for checksums that are not known to be right, and we may write them.</summary>
    internal bool NeedsChecksums
    {
        get
        {
            lock (_gate)
            {
                DatabaseHeader header = _generations[^1].Header;
                return header.HasChecksums && !_checksumsAreValid && WhyNotWritable(header) is null;
            }
        }
    }

    /// <summary>
    /// Writes the checksums that are not right in a stretch of pages from <paramref name="first"/> on, and returns the first page behind it; 0 behind the
    /// last, when from now on what is read is verified. While it runs there must be no page transaction.
    /// <para>Only the checksums are written, in place and without a journal: nobody relies on them before all are on the disk. Who reads
    /// the file meanwhile, of ours or stock sqlite3, does not look at them.</para>
    /// </summary>
    internal uint RenewChecksums(uint first)
    {
        uint pageCount;
        lock (_gate)
        {
            RequireUsable();
            pageCount = _generations[^1].PageCount;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(RenewalBytes);
        try
        {
            int count = (int)Math.Min(RenewalBytes / _pageSize, pageCount - first + 1);
            Span<byte> pages = buffer.AsSpan(0, count * _pageSize);
            pages[_file.Read(pages, (long)(first - 1) * _pageSize)..].Clear();
            for (int i = 0; i < count; i++)
            {
                uint number = first + (uint)i;
                Span<byte> page = pages.Slice(i * _pageSize, _pageSize);
                if (number != LockPage(_pageSize) && !PageChecksum.IsRight(page))
                {
                    PageChecksum.Write(page);
                    _file.Write(page[^PageChecksum.Size..], ((long)number * _pageSize) - PageChecksum.Size);
                }
            }

            uint next = first + (uint)count;
            if (next <= pageCount)
            {
                return next;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        _file.Sync();

        // Images read before have the old checksums, and would be journaled with them.
        _cache.Clear();
        _checksumsAreValid = true;
        return 0;
    }
}
