using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

public class ConnectionStringTests
{
    [Fact]
    public void Reads_its_keywords_in_any_case()
    {
        SluiceConnectionStringBuilder settings = new("data source=a b.db;MODE=readonly;busy timeout=250;Cache Size=64;Default Timeout=7");
        Assert.Equal("a b.db", settings.DataSource);
        Assert.Equal(SluiceOpenMode.ReadOnly, settings.Mode);
        Assert.Equal(250, settings.BusyTimeoutMs);
        Assert.Equal(64, settings.CacheSizeKiB);
        Assert.Equal(7, settings.DefaultTimeoutSeconds);
    }

    [Fact]
    public void Has_defaults()
    {
        SluiceConnectionStringBuilder settings = [];
        Assert.Equal("", settings.DataSource);
        Assert.Equal(SluiceOpenMode.ReadWriteCreate, settings.Mode);
        Assert.Equal(5000, settings.BusyTimeoutMs);
        Assert.Equal(0, settings.CacheSizeKiB);
        Assert.Equal(30, settings.DefaultTimeoutSeconds);
        Assert.Equal("", settings.ConnectionString);
    }

    [Fact]
    public void Writes_what_it_reads()
    {
        SluiceConnectionStringBuilder settings = new() { DataSource = "odd;name=\"x\".db", Mode = SluiceOpenMode.ReadWrite, BusyTimeoutMs = 0 };
        SluiceConnectionStringBuilder again = new(settings.ConnectionString);
        Assert.Equal("odd;name=\"x\".db", again.DataSource);
        Assert.Equal(SluiceOpenMode.ReadWrite, again.Mode);
        Assert.Equal(0, again.BusyTimeoutMs);
        Assert.True(again.ContainsKey("datasource"));
        Assert.False(again.ContainsKey("Cache Size"));
        Assert.True(again.Remove("Mode"));
        Assert.Equal(SluiceOpenMode.ReadWriteCreate, again.Mode);
    }

    [Theory]
    [InlineData("Data Source=x;Pooled=1", "'Pooled' is not known; the known ones are Data Source, Mode, Busy Timeout, Cache Size, Default Timeout, Sharing, Pooling")]
    [InlineData("Pooling=perhaps", "'Pooling' must be True or False, not 'perhaps'")]
    [InlineData("Mode=Fast", "one of ReadWriteCreate, ReadWrite, ReadOnly, not 'Fast'")]
    [InlineData("Mode=7", "not '7'")]
    [InlineData("Busy Timeout=soon", "'Busy Timeout' must be a whole number")]
    [InlineData("Cache Size=-1", "'Cache Size' must be a whole number")]
    public void What_is_wrong_is_named(string text, string message)
    {
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => new SluiceConnectionStringBuilder(text)).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => new SluiceConnection(text)).Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_connection_without_a_file_does_not_open() =>
        Assert.Contains("'Data Source'", Assert.Throws<InvalidOperationException>(new SluiceConnection().Open).Message);
}
