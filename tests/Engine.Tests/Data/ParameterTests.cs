using System.Data;
using System.Data.Common;
using Sluice.Engine.Data;
using Sluice.Engine.Format;

namespace Sluice.Engine.Tests.Data;

public class ParameterTests
{
    public static TheoryData<object> Values() => new(
        true, false, (byte)200, (sbyte)-5, (short)-300, (ushort)60000, -7, 4_000_000_000u, long.MinValue, 5ul,
        1.5f, 0.1f, 0.1, -0.0, 1e300, double.PositiveInfinity, 12.50m, -0.000000000000000000000000001m, decimal.MaxValue, 7m,
        'x', "text", "", "with 'quotes' and \u00e9\u4e2d\ud83d\ude00", "null\0inside",
        new byte[] { 0, 1, 255 }, Array.Empty<byte>(),
        new Guid("6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
        new DateTime(2024, 2, 29, 23, 59, 58, 123).AddTicks(4567), new DateTime(2024, 1, 1), new DateTime(1, 1, 1, 0, 0, 1),
        new DateTimeOffset(2024, 2, 29, 23, 59, 58, 120, TimeSpan.FromHours(-5.5)),
        new DateOnly(2024, 2, 29), new TimeOnly(23, 59, 58), new TimeOnly(23, 59, 58, 7),
        new TimeSpan(1, 2, 3, 4, 5), TimeSpan.FromTicks(-1), DayOfWeek.Friday, LongEnum.Big, DBNull.Value);

    [Theory]
    [MemberData(nameof(Values))]
    public void Is_stored_as_Microsoft_Data_Sqlite_stores_it(object value) =>
        Providers.Agree(c => c.Rows("SELECT typeof(@v), @v", ("@v", value)).Single());

    [Theory]
    [InlineData("2024-02-29T12:34:56.789")]
    [InlineData("1970-01-01T00:00:00.000")]
    [InlineData("0001-01-01T00:00:00.000")]
    [InlineData("9999-12-31T23:59:59.999")]
    public void Dates_as_real_are_Julian_days(string text)
    {
        DateTime time = DateTime.Parse(text);
        using SluiceConnection ours = Providers.Sluice();
        using SluiceCommand command = ours.CreateCommand("SELECT @v");
        command.Parameters.AddWithValue("@v", time).StorageType = SqlType.Real;
        using Microsoft.Data.Sqlite.SqliteConnection theirs = Providers.Sqlite();
        using Microsoft.Data.Sqlite.SqliteCommand theirCommand = theirs.CreateCommand();
        theirCommand.CommandText = "SELECT @v";
        theirCommand.Parameters.AddWithValue("@v", time).SqliteType = Microsoft.Data.Sqlite.SqliteType.Real;

        Assert.Equal(theirCommand.ExecuteScalar(), command.ExecuteScalar());
        using SluiceDataReader reader = command.ExecuteReader();
        reader.Read();
        Assert.Equal(time, reader.GetDateTime(0));
    }

    [Fact]
    public void A_Guid_as_blob_has_its_bytes()
    {
        Guid guid = new("6f9619ff-8b86-d011-b42d-00cf4fc964ff");
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand("SELECT @v");
        command.Parameters.AddWithValue("@v", guid).StorageType = SqlType.Blob;

        Assert.Equal(guid.ToByteArray(), command.ExecuteScalar());
    }

    [Theory]
    [InlineData("@a", "@a")]
    [InlineData(":a", ":a")]
    [InlineData("$a", "$a")]
    [InlineData("@a", "a")]
    [InlineData(":a", "a")]
    [InlineData("$a", "a")]
    [InlineData("?1", "?1")]
    public void Finds_its_place_by_name(string written, string name) =>
        Assert.Equal(42L, Providers.Agree(c => c.Scalar($"SELECT {written}", (name, 42))));

    [Fact]
    public void Without_a_name_takes_its_place_in_order()
    {
        using SluiceConnection connection = Providers.Sluice();
        Assert.Equal(["integer 1 | text 'two' | integer 3"], connection.Rows("SELECT ?, ?, ?", ("", 1), ("", "two"), ("", 3)));
        Assert.Equal(["integer 1 | text 'two' | integer 1"], connection.Rows("SELECT ?1, ?2, ?1", ("", 1), ("", "two")));
        Assert.Equal(["integer 9 | integer 1 | integer 2"], connection.Rows("SELECT @a, ?, ?", ("", 1), ("@a", 9), ("", 2)));
    }

    [Fact]
    public void The_same_name_in_several_statements_gets_the_same_value() =>
        Providers.Agree(c => string.Join(";", c.Rows("SELECT @a; SELECT @b, @a", ("@a", 1), ("@b", "x"))));

    [Fact]
    public void Names_that_have_no_value_are_all_listed()
    {
        using SluiceConnection connection = Providers.Sluice();
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => connection.Scalar("SELECT @a, :b, ?", ("@a", 1)));
        Assert.Contains(":b, ?3", error.Message);
    }

    [Fact]
    public void A_value_never_set_is_an_error_and_null_is_NULL()
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand("SELECT @a");
        SluiceParameter parameter = command.Parameters.Add("@a", DbType.Int32);
        Assert.Contains("'@a' has no value", Assert.Throws<InvalidOperationException>(() => command.ExecuteScalar()).Message);
        parameter.Value = null;
        Assert.Equal(DBNull.Value, command.ExecuteScalar());
    }

    [Fact]
    public void Parameters_without_a_place_are_passed_over() =>
        Assert.Equal(1L, Providers.Agree(c => c.Scalar("SELECT @a", ("@a", 1), ("@unused", 2))));

    [Fact]
    public void Size_cuts_text_and_bytes()
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand("SELECT @a, @b");
        command.Parameters.AddWithValue("@a", "abcdef").Size = 3;
        command.Parameters.AddWithValue("@b", new byte[] { 1, 2, 3 }).Size = 2;
        using SluiceDataReader reader = command.ExecuteReader();
        reader.Read();
        Assert.Equal("abc", reader.GetString(0));
        Assert.Equal([1, 2], reader.GetFieldValue<byte[]>(1));
    }

    [Fact]
    public void Memory_and_segments_of_bytes_are_blobs_and_are_copied()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(a)");
        byte[] bytes = [1, 2, 3, 4];
        connection.Run("INSERT INTO t VALUES(@v)", ("@v", new ReadOnlyMemory<byte>(bytes, 1, 2)));
        connection.Run("INSERT INTO t VALUES(@v)", ("@v", new ArraySegment<byte>(bytes, 0, 1)));
        Array.Clear(bytes);
        Assert.Equal(["x'0203'", "x'01'"], connection.Rows("SELECT a FROM t"));
    }

    [Fact]
    public void A_parameter_without_a_value_is_an_error_unless_asked_for_as_null()
    {
        using SluiceConnection connection = Providers.Sluice();
        using SluiceCommand command = connection.CreateCommand("SELECT coalesce(@a, 'null') || coalesce(?, 'null')");
        Assert.Contains("@a, ?2", Assert.Throws<InvalidOperationException>(() => command.ExecuteScalar()).Message);
        command.MissingIsNull = true;
        Assert.Equal("nullnull", command.ExecuteScalar());
        command.Parameters.AddWithValue("@a", "x");
        Assert.Equal("xnull", command.ExecuteScalar());
    }

    [Fact]
    public void The_engine_asks_for_no_platform_of_the_programs_that_are_compiled_with_it() =>
        Assert.Empty(typeof(SluiceConnection).Assembly.GetCustomAttributes(typeof(System.Runtime.Versioning.OSPlatformAttribute), inherit: false));

    [Fact]
    public void What_SQL_cannot_hold_is_refused_by_name()
    {
        using SluiceConnection connection = Providers.Sluice();
        Assert.Contains("'@v' is NaN", Assert.Throws<InvalidOperationException>(() => connection.Scalar("SELECT @v", ("@v", double.NaN))).Message);
        Assert.Contains("'@v' is 18446744073709551615", Assert.Throws<OverflowException>(() => connection.Scalar("SELECT @v", ("@v", ulong.MaxValue))).Message);
        Assert.Contains("System.Uri", Assert.Throws<InvalidOperationException>(() => connection.Scalar("SELECT @v", ("@v", new Uri("http://a.b")))).Message);
        Assert.Throws<NotSupportedException>(() => new SluiceParameter { Direction = ParameterDirection.Output });
    }

    [Fact]
    public void The_collection_works_by_name_and_by_place()
    {
        SluiceParameterCollection parameters = [];
        SluiceParameter a = parameters.AddWithValue("@a", 1);
        parameters.Insert(0, new SluiceParameter("@b", 2));
        Assert.Equal(1, parameters.IndexOf(a));
        Assert.Equal(0, parameters.IndexOf("@b"));
        Assert.True(parameters.Contains("@a"));
        Assert.False(parameters.Contains("@A"));
        parameters["@b"].Value = 7;
        Assert.Equal(7, parameters[0].Value);
        parameters.RemoveAt("@b");
        Assert.Same(a, parameters[0]);
        Assert.Contains("'@none'", Assert.Throws<IndexOutOfRangeException>(() => parameters["@none"]).Message);
        Assert.Throws<IndexOutOfRangeException>(() => parameters.RemoveAt("@none"));
        Assert.Throws<InvalidCastException>(() => parameters.Add((object)"text"));
        DbParameterCollection untyped = parameters;
        untyped["@a"] = new SluiceParameter("@c", 3);
        Assert.Equal("@c", parameters[0].ParameterName);
    }

    private enum LongEnum : long
    {
        Big = 1L << 40,
    }
}
