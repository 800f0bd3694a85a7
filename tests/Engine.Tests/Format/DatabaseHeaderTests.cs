using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Format;

public class DatabaseHeaderTests
{
    [Theory]
    [InlineData(512)]
    [InlineData(4096)]
    [InlineData(65536)]
    public void What_is_written_is_read(int pageSize)
    {
        DatabaseHeader header = new()
        {
            PageSize = pageSize, ReservedBytes = 8, ChangeCounter = 7, PageCount = 9, FreelistTrunk = 3, FreelistCount = 2, SchemaCookie = 11,
            SchemaFormat = 4, DefaultCacheSize = -5, UserVersion = -6, ApplicationId = 12, VersionValidFor = 7,
        };
        byte[] bytes = new byte[100];
        header.Write(bytes);
        Assert.Equal(header, DatabaseHeader.Parse(bytes, "a.db"));
    }

    [Theory]
    [InlineData(0, 'X', ResultCode.NotADatabase, "a.db: file is not a database")]
    [InlineData(16, 0x0f, ResultCode.Corrupt, "page size")]
    [InlineData(19, 2, ResultCode.CannotOpen, "WAL mode is not supported; open it with sqlite3, run PRAGMA journal_mode=DELETE")]
    [InlineData(19, 3, ResultCode.NotADatabase, "file format version 3 is not supported")]
    [InlineData(21, 63, ResultCode.Corrupt, "payload fractions")]
    [InlineData(47, 5, ResultCode.Error, "schema format 5")]
    [InlineData(59, 2, ResultCode.CannotOpen, "UTF-16le is not supported")]
    [InlineData(59, 3, ResultCode.CannotOpen, "UTF-16be is not supported")]
    [InlineData(59, 9, ResultCode.Corrupt, "text encoding 9")]
    public void A_header_that_is_wrong_or_not_for_us_is_refused_by_name(int offset, int value, ResultCode code, string message)
    {
        byte[] bytes = new byte[100];
        new DatabaseHeader { SchemaFormat = 4 }.Write(bytes);
        bytes[offset] = (byte)value;
        SluiceException error = Assert.ThrowsAny<SluiceException>(() => DatabaseHeader.Parse(bytes, "a.db"));
        Assert.Equal(code, error.Code);
        Assert.Contains(message, error.Message);
        Assert.StartsWith("a.db: ", error.Message);
    }

    [Fact]
    public void Reserved_bytes_must_leave_480()
    {
        byte[] bytes = new byte[100];
        new DatabaseHeader { PageSize = 512, ReservedBytes = 33 }.Write(bytes);
        Assert.Throws<CorruptFileException>(() => DatabaseHeader.Parse(bytes, "a.db"));
    }

    [Fact]
    public void The_page_count_in_the_header_counts_only_if_written_with_the_change_counter()
    {
        DatabaseHeader valid = new() { PageSize = 1024, PageCount = 3, ChangeCounter = 5, VersionValidFor = 5 };
        Assert.Equal(3u, valid.PageCountIn(10 * 1024, "a.db"));
        Assert.Equal(10u, (valid with { VersionValidFor = 4 }).PageCountIn(10 * 1024, "a.db"));
        Assert.Equal(10u, (valid with { PageCount = 0 }).PageCountIn((9 * 1024) + 1, "a.db"));
        Assert.Throws<CorruptFileException>(() => valid.PageCountIn(2 * 1024, "a.db"));
    }
}
