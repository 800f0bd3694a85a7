using Sluice.Engine.Data;
using Sluice.Engine.Tests.Files;

namespace Sluice.Engine.Tests.Data;

/// <summary>Values as streams.</summary>
public class BlobTests
{
    /// <summary>Several overflow pages, and not a whole number of them.</summary>
    private const int Length = 50_001;

    private static readonly byte[] s_bytes = [.. Enumerable.Range(0, Length).Select(i => (byte)((i * 31) ^ (i >> 8)))];

    /// <summary>The value in the log only, in the pages, in a transaction that wrote it, and at another process.</summary>
    public enum Place
    {
        Delta,
        Pages,
        Transaction,
        Owner,
    }

    [Theory]
    [InlineData(Place.Delta)]
    [InlineData(Place.Pages)]
    [InlineData(Place.Transaction)]
    [InlineData(Place.Owner)]
    public void Is_read_in_pieces_from_everywhere(Place place)
    {
        using TemporaryFolder folder = new();
        using SluiceConnection owner = Filled(folder, out string source);
        using SluiceConnection connection = new(place == Place.Owner ? source + ";Sharing=Client" : source);
        connection.Open();
        if (place == Place.Pages)
        {
            connection.Run("PRAGMA wal_checkpoint");
        }

        using SluiceTransaction? transaction = place == Place.Transaction ? connection.BeginTransaction() : null;
        if (transaction is not null)
        {
            connection.Run("UPDATE t SET note = 'touched'");
        }

        using SluiceBlob blob = new(connection, "T", "DATA", 7, readOnly: true);
        Assert.Equal(Length, blob.Length);
        foreach ((int offset, int count) in ((int, int)[])[(0, 1), (0, 5000), (4090, 10), (20_000, 12_345), (100, 3), (Length - 5, 5), (0, Length)])
        {
            byte[] piece = new byte[count];
            blob.Position = offset;
            blob.ReadExactly(piece);
            Assert.True(piece.AsSpan().SequenceEqual(s_bytes.AsSpan(offset, count)), $"{count} bytes at {offset}");
            Assert.Equal(offset + count, blob.Position);
        }

        Assert.Equal(0, blob.Read(new byte[10]));
        Assert.Equal(Length - 3, blob.Seek(-3, SeekOrigin.End));
        Assert.Equal(3, blob.Read(new byte[10]));
        blob.Position = 0;
        using MemoryStream copy = new();
        blob.CopyTo(copy, bufferSize: 777);
        Assert.Equal(s_bytes, copy.ToArray());
    }

    [Fact]
    public void Shows_the_moment_at_which_it_was_opened()
    {
        using TemporaryFolder folder = new();
        using SluiceConnection connection = Filled(folder, out string source);
        connection.Run("PRAGMA wal_checkpoint");
        using SluiceConnection other = new(source);
        other.Open();
        using SluiceBlob blob = new(connection, "t", "data", 7, readOnly: true);
        other.Run("DELETE FROM t; PRAGMA wal_checkpoint; INSERT INTO t(id, data) VALUES(1, zeroblob(200000)); PRAGMA wal_checkpoint");
        byte[] all = new byte[Length];
        blob.ReadExactly(all);
        Assert.Equal(s_bytes, all);
    }

    [Theory]
    [InlineData(Place.Delta)]
    [InlineData(Place.Transaction)]
    [InlineData(Place.Owner)]
    public void Is_written_within_its_length(Place place)
    {
        using TemporaryFolder folder = new();
        using SluiceConnection owner = Filled(folder, out string source);
        using SluiceConnection connection = new(place == Place.Owner ? source + ";Sharing=Client" : source);
        connection.Open();
        using (SluiceTransaction? transaction = place == Place.Transaction ? connection.BeginTransaction() : null)
        {
            connection.Run("INSERT INTO t(id, data, note) VALUES(8, zeroblob(10), 'text')");
            using (SluiceBlob blob = new(connection, "t", "data", 8))
            {
                blob.Position = 3;
                blob.Write([1, 2, 3]);
                blob.Seek(-2, SeekOrigin.End);
                blob.WriteByte(9);
                blob.WriteByte(10);
                Assert.Throws<NotSupportedException>(() => blob.WriteByte(11));
                Assert.Throws<NotSupportedException>(() => blob.SetLength(11));
            }

            using (SluiceBlob text = new(connection, "t", "note", 8))
            {
                text.Write("TE"u8);
            }

            transaction?.Commit();
        }

        Assert.Equal(["x'0000000102030000090A' | text 'TExt'"], owner.Rows("SELECT data, note FROM t WHERE id = 8"));
    }

    [Fact]
    public void What_is_no_blob_is_refused()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a, b, c AS (b || b)); INSERT INTO t(rowid, a, b) VALUES(1, 5, 'x'), (2, NULL, 'y')");
        Assert.Contains("type integer", Assert.Throws<SluiceException>(() => new SluiceBlob(connection, "t", "a", 1)).Message);
        Assert.Contains("type null", Assert.Throws<SluiceException>(() => new SluiceBlob(connection, "t", "a", 2)).Message);
        Assert.Contains("no such rowid: 3", Assert.Throws<SluiceException>(() => new SluiceBlob(connection, "t", "a", 3)).Message);
        Assert.Contains("no such table", Assert.Throws<SluiceException>(() => new SluiceBlob(connection, "none", "a", 1)).Message);
        using SluiceBlob computed = new(connection, "t", "c", 1, readOnly: true);
        Assert.Equal(2, computed.Length);
        Assert.Equal('x', computed.ReadByte());
        Assert.False(computed.CanWrite);
        Assert.Throws<NotSupportedException>(() => computed.WriteByte(1));
    }

    [Fact]
    public void A_closed_connection_closes_its_streams()
    {
        using TemporaryFolder folder = new();
        SluiceBlob blob;
        using (SluiceConnection connection = Filled(folder, out _))
        {
            blob = new SluiceBlob(connection, "t", "data", 7);
            blob.WriteByte(1);
        }

        Assert.Throws<ObjectDisposedException>(() => blob.ReadByte());
        blob.Dispose();
        Assert.False(blob.CanWrite);
    }

    private static SluiceConnection Filled(TemporaryFolder folder, out string source)
    {
        source = $"Data Source={folder.File("t.db")}";
        SluiceConnection connection = new(source);
        connection.Open();
        connection.Run("CREATE TABLE t(id INTEGER PRIMARY KEY, note TEXT DEFAULT 'note', data BLOB)");
        connection.Run("INSERT INTO t(id, data) VALUES(7, @data)", ("@data", s_bytes));
        return connection;
    }
}
