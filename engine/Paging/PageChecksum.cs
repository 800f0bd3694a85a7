using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Sluice.Engine.Files;
using Sluice.Engine.Format;

namespace Sluice.Engine.Paging;

/// <summary>
/// The checksum in the last 8 bytes of each page, that of SQLite's own "Checksum VFS Shim" (sqlite.org/cksumvfs.html), so that its tools
/// can verify our files and we theirs. A file has checksums when it reserves exactly <see cref="Size"/> bytes a page.
/// <para>Over the page's little-endian words w before them it is x[n-2] and x[n-1] of x[k] = w[k] + x[k-1] + x[k-2], modulo 2^32. That recurrence
/// is a sum of words weighted with Fibonacci numbers, x[n-1] = Σ w[k] F(n-k), which is how it is computed here: many words at a time.
/// Of two neighbouring Fibonacci numbers one is odd, so any change within a word is noticed. A page of zeros has the checksum 0.</para>
/// <para>Stock sqlite3 keeps the reserved bytes of a page as they are when it changes the page. So checksums are believed only when the header
/// says that we wrote the file last (<see cref="DatabaseHeader.ChecksumsAreValid"/>).</para>
/// </summary>
internal static class PageChecksum
{
    /// <summary>Bytes of the checksum at the end of the page.</summary>
    public const int Size = DatabaseHeader.ChecksumSize;

    private const int MaxWords = DatabaseHeader.MaxPageSize / sizeof(uint);

    /// <summary>F(MaxWords) down to F(0): the weights of the last words of a page are at the end, whatever its size.</summary>
    private static readonly uint[] s_weights = MakeWeights();

    /// <summary>The checksum of a page's image, whatever its last bytes are.</summary>
    public static ulong Of(ReadOnlySpan<byte> page)
    {
        ReadOnlySpan<uint> words = MemoryMarshal.Cast<byte, uint>(page[..^Size]);
        ReadOnlySpan<uint> weights = s_weights.AsSpan(MaxWords - words.Length);
        int head = words.Length % Vector<uint>.Count;
        uint last = 0;
        uint beforeLast = 0;
        for (int i = 0; i < head; i++)
        {
            last += words[i] * weights[i];
            beforeLast += words[i] * weights[i + 1];
        }

        Vector<uint> lasts = Vector<uint>.Zero;
        Vector<uint> beforeLasts = Vector<uint>.Zero;
        for (int i = head; i < words.Length; i += Vector<uint>.Count)
        {
            Vector<uint> next = new(words[i..]);
            lasts += next * new Vector<uint>(weights[i..]);
            beforeLasts += next * new Vector<uint>(weights[(i + 1)..]);
        }

        return ((ulong)(last + Vector.Sum(lasts)) << 32) | (beforeLast + Vector.Sum(beforeLasts));
    }

    public static void Write(Span<byte> page) => BinaryPrimitives.WriteUInt64LittleEndian(page[^Size..], Of(page));

    public static bool IsRight(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt64LittleEndian(page[^Size..]) == Of(page);

    /// <summary>
    /// Checks page 1 if the header, the first bytes of <paramref name="file"/>, says that checksums are valid. To be called before anything else
    /// that the header says is believed.
    /// </summary>
    /// <exception cref="CorruptFileException">Page 1 is not what was written.</exception>
    public static void RequireFirstPage(EngineFile file, ReadOnlySpan<byte> header)
    {
        if (!DatabaseHeader.ChecksumsAreValidIn(header))
        {
            return;
        }

        int pageSize = DatabaseHeader.PageSizeIn(header);
        byte[] page = new byte[DatabaseHeader.IsPageSize(pageSize) ? pageSize : DatabaseHeader.MinPageSize];
        if (file.Read(page, 0) != page.Length || !IsRight(page))
        {
            throw Mismatch(file.Path, 1);
        }
    }

    public static CorruptFileException Mismatch(string path, uint page) => new(
        path,
        $"page {page}",
        "its checksum is not right: these bytes are not those that were written. Restore the file from a backup, or save what can still be read with sqlite3's .recover");

    private static uint[] MakeWeights()
    {
        uint[] weights = new uint[MaxWords + 1];
        weights[MaxWords - 1] = 1;
        for (int i = MaxWords - 2; i >= 0; i--)
        {
            weights[i] = unchecked(weights[i + 1] + weights[i + 2]);
        }

        return weights;
    }
}
