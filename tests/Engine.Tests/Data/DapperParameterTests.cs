using System.Data;
using System.Globalization;
using Dapper;
using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

/// <summary>Parameters that Dapper makes, of every type, and values of every type that it reads back.</summary>
public class DapperParameterTests
{
    /// <summary>
    /// Guid, DateTimeOffset and TimeSpan are stored as text, and Dapper asks for a handler to read text as these
    /// ("Dapper limitations", learn.microsoft.com/dotnet/standard/data/sqlite/dapper-limitations).
    /// </summary>
    static DapperParameterTests()
    {
        SqlMapper.AddTypeHandler(new GuidHandler());
        SqlMapper.AddTypeHandler(new DateTimeOffsetHandler());
        SqlMapper.AddTypeHandler(new TimeSpanHandler());
    }

    private const string Things = "CREATE TABLE thing(Flag, Small, Number, Big, Half, Real, Money, Text, Letter, Bytes, Id, At, Zoned, Day, Time, Span, Kind, Missing)";

    private const string Names = "Flag, Small, Number, Big, Half, Real, Money, Text, Letter, Bytes, Id, At, Zoned, Day, Time, Span, Kind, Missing";

    private static readonly Thing s_thing = new()
    {
        Flag = true,
        Small = 200,
        Number = -7,
        Big = long.MaxValue,
        Half = 1.5f,
        Real = 0.1,
        Money = 12.5m,
        Text = "with 'quotes' and \u00e9",
        Letter = 'x',
        Bytes = [0, 1, 255],
        Id = new Guid("6f9619ff-8b86-d011-b42d-00cf4fc964ff"),
        At = new DateTime(2024, 2, 29, 23, 59, 58, 123),
        Zoned = new DateTimeOffset(2024, 2, 29, 23, 59, 58, TimeSpan.FromHours(2)),
        Day = new DateOnly(2024, 2, 29),
        Time = new TimeOnly(23, 59, 58),
        Span = new TimeSpan(1, 2, 3, 4, 5),
        Kind = DapperQueryTests.Kind.Valve,
    };

    [Fact]
    public void An_object_of_every_type_goes_in_and_comes_back() => Providers.Agree(
        c =>
        {
            string values = "@" + Names.Replace(", ", ", @");
            int inserted = c.Execute($"INSERT INTO thing VALUES({values})", s_thing);
            Thing read = c.QuerySingle<Thing>("SELECT * FROM thing");
            Assert.Equal(s_thing.Describe(), read.Describe());
            string types = c.QuerySingle<string>($"SELECT concat_ws(' ', typeof({Names.Replace(", ", "), typeof(")})) FROM thing");
            return $"{inserted} {types}\n{string.Join("\n", c.Rows("SELECT * FROM thing"))}";
        },
        Things);

    [Fact]
    public void All_members_may_be_null() => Providers.Agree(
        c =>
        {
            c.Execute($"INSERT INTO thing VALUES(@{Names.Replace(", ", ", @")})", new Thing());
            Assert.Equal(new Thing().Describe(), c.QuerySingle<Thing>("SELECT * FROM thing").Describe());
            return string.Join("\n", c.Rows("SELECT * FROM thing"));
        },
        Things);

    [Fact]
    public void Lists_become_IN_lists() => Providers.Agree(
        c => string.Join("\n", new object[]
        {
            c.Query<int>("SELECT value FROM json_each('[1,2,3,4]') WHERE value IN @ids", new { ids = new[] { 2, 4, 9 } }).Sum(),
            c.Query<int>("SELECT value FROM json_each('[1,2,3,4]') WHERE value NOT IN @ids", new { ids = new List<long> { 1 } }).Sum(),
            c.Query<int>("SELECT value FROM json_each('[1,2,3,4]') WHERE value IN @ids", new { ids = Array.Empty<int>() }).Count(),
            c.Query<string>("SELECT value FROM json_each('[\"a\",\"b\"]') WHERE value IN @names ORDER BY 1", new { names = new[] { "b", "c" } }).Single(),
            c.QuerySingle<int>("SELECT count(*) FROM json_each('[1,2,3,4]') WHERE value IN @a AND value IN @b", new { a = new[] { 1, 2, 3 }, b = new[] { 2, 3, 4 } }),
            c.Query<int>("SELECT value FROM json_each(@json) WHERE value IN @many", new { json = "[5,600,5000]", many = Enumerable.Range(100, 900) }).Single(),
        }));

    [Fact]
    public void DynamicParameters_carry_types_and_templates() => Providers.Agree(
        c =>
        {
            DynamicParameters parameters = new(new { a = 1 });
            parameters.Add("@b", "text", DbType.String, size: 2);
            parameters.Add("c", null, DbType.Int32);
            parameters.Add("$d", new DbString { Value = "abc", IsAnsi = true, Length = 10 });
            parameters.AddDynamicParams(new { e = new[] { 1, 2 } });
            return string.Join("\n", c.Rows("SELECT 1"), c.QuerySingle<string>("SELECT concat_ws('|', @a, @b, @c IS NULL, $d, 2 IN @e)", parameters));
        });

    [Fact]
    public void An_output_parameter_is_refused()
    {
        using SluiceConnection connection = Providers.Sluice();
        DynamicParameters parameters = new();
        parameters.Add("a", dbType: DbType.Int32, direction: ParameterDirection.Output);
        Assert.Contains("input parameters only", Assert.Throws<NotSupportedException>(() => connection.Execute("SELECT @a", parameters)).Message);
    }

    [Fact]
    public void Literal_replacements_and_lists_of_objects() => Providers.Agree(
        c =>
        {
            int rows = c.Execute("INSERT INTO t VALUES(@Id, @Name)", Enumerable.Range(1, 20).Select(i => new { Id = i, Name = $"n{i}" }));
            return $"{rows} {c.ExecuteScalar<int>("SELECT count(*) FROM t WHERE id > {=least}", new { least = 5 })} {c.ExecuteScalar<string>("SELECT group_concat(name, '') FROM t WHERE id IN @ids", new { ids = new[] { 3, 4 } })}";
        },
        "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)");

    [Fact]
    public void A_Guid_may_be_kept_as_a_blob()
    {
        using SluiceConnection connection = Providers.Sluice("CREATE TABLE t(id BLOB PRIMARY KEY)");
        Guid id = new("6f9619ff-8b86-d011-b42d-00cf4fc964ff");
        connection.Execute("INSERT INTO t VALUES(@id)", new { id = id.ToByteArray() });
        Assert.Equal(id, connection.QuerySingle<Guid>("SELECT id FROM t"));
        Assert.Equal("blob", connection.ExecuteScalar<string>("SELECT typeof(id) FROM t"));
    }

    private sealed class Thing
    {
        public bool? Flag { get; set; }

        public byte? Small { get; set; }

        public int? Number { get; set; }

        public long? Big { get; set; }

        public float? Half { get; set; }

        public double? Real { get; set; }

        public decimal? Money { get; set; }

        public string? Text { get; set; }

        public char? Letter { get; set; }

        public byte[]? Bytes { get; set; }

        public Guid? Id { get; set; }

        public DateTime? At { get; set; }

        public DateTimeOffset? Zoned { get; set; }

        public DateOnly? Day { get; set; }

        public TimeOnly? Time { get; set; }

        public TimeSpan? Span { get; set; }

        public DapperQueryTests.Kind? Kind { get; set; }

        public string? Missing { get; set; }

        public string Describe() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Flag} {Small} {Number} {Big} {Half} {Real} {Money} {Text} {Letter} {(Bytes is null ? "" : Convert.ToHexString(Bytes))} {Id} {At:o} {Zoned:o} {Day:o} {Time:o} {Span} {Kind} {Missing}");
    }

    private sealed class GuidHandler : SqlMapper.TypeHandler<Guid>
    {
        public override void SetValue(IDbDataParameter parameter, Guid value) => parameter.Value = value;

        public override Guid Parse(object value) => value is byte[] bytes ? new Guid(bytes) : Guid.Parse((string)value);
    }

    private sealed class DateTimeOffsetHandler : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value;

        public override DateTimeOffset Parse(object value) => DateTimeOffset.Parse((string)value, CultureInfo.InvariantCulture);
    }

    private sealed class TimeSpanHandler : SqlMapper.TypeHandler<TimeSpan>
    {
        public override void SetValue(IDbDataParameter parameter, TimeSpan value) => parameter.Value = value;

        public override TimeSpan Parse(object value) => TimeSpan.Parse((string)value, CultureInfo.InvariantCulture);
    }
}
