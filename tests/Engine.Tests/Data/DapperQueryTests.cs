using System.Data;
using System.Data.Common;
using System.Globalization;
using Dapper;

namespace Sluice.Engine.Tests.Data;

/// <summary>Dapper's queries, on our provider and on Microsoft.Data.Sqlite: both give the same.</summary>
public class DapperQueryTests
{
    private const string SetUp = """
        CREATE TABLE device(id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind INTEGER, site_id INTEGER);
        CREATE TABLE site(id INTEGER PRIMARY KEY, city TEXT);
        CREATE TABLE reading(device_id INTEGER, at TEXT, value REAL);
        INSERT INTO site VALUES(1, 'Bern'), (2, 'Graz');
        INSERT INTO device VALUES(1, 'pump', 1, 1), (2, 'valve', 2, 1), (3, 'meter', NULL, 2), (4, 'spare', 1, NULL);
        INSERT INTO reading VALUES(1, '2024-02-29 12:00:00', 1.5), (1, '2024-02-29 12:01:00', NULL), (2, '2024-02-29 12:00:30.25', 7);
        """;

    [Fact]
    public void Query_fills_objects_records_tuples_and_scalars() => Providers.Agree(
        c => Lines(
            c.Query<Device>("SELECT id, name, kind, site_id AS SiteId FROM device ORDER BY id").Select(d => $"{d.Id} {d.Name} {d.Kind} {d.SiteId}"),
            c.Query<NameAndSite>("SELECT name AS Name, site_id AS SiteId FROM device WHERE site_id NOT NULL ORDER BY id").Select(r => r.ToString()),
            c.Query<(long, string)>("SELECT id, name FROM device ORDER BY id").Select(r => r.ToString()),
            c.Query<int>("SELECT id FROM device ORDER BY id").Select(id => $"{id}"),
            c.Query<string?>("SELECT kind FROM device ORDER BY id").Select(kind => kind ?? "null"),
            c.Query<double?>("SELECT value FROM reading ORDER BY at").Select(v => v?.ToString(CultureInfo.InvariantCulture) ?? "null"),
            c.Query<DateTime>("SELECT at FROM reading ORDER BY at").Select(t => t.ToString("o")),
            c.Query<Kind?>("SELECT kind FROM device ORDER BY id").Select(k => k?.ToString() ?? "null")),
        SetUp);

    [Fact]
    public void Query_without_a_type_gives_dynamic_rows() => Providers.Agree(
        c => Lines(
            c.Query("SELECT id, name, kind FROM device ORDER BY id").Select(row => $"{row.id} {row.name} {row.kind ?? "null"} {((object)row.id).GetType().Name}"),
            c.Query("SELECT * FROM reading ORDER BY at").Cast<IDictionary<string, object>>().Select(row => string.Join(",", row.Select(cell => $"{cell.Key}={cell.Value ?? "null"}")))),
        SetUp);

    [Fact]
    public void First_Single_and_their_defaults() => Providers.Agree(
        c => Lines(
            [
                c.QueryFirst<string>("SELECT name FROM device ORDER BY id"),
                c.QueryFirstOrDefault<string>("SELECT name FROM device WHERE id = 9") ?? "null",
                c.QuerySingle<string>("SELECT name FROM device WHERE id = @id", new { id = 2 }),
                c.QuerySingleOrDefault<Device>("SELECT id, name FROM device WHERE id = 9")?.Name ?? "null",
                $"{Providers.OrError(() => c.QueryFirst<string>("SELECT name FROM device WHERE id = 9"))}",
                $"{Providers.OrError(() => c.QuerySingle<string>("SELECT name FROM device"))}",
                $"{Providers.OrError(() => c.QuerySingleOrDefault<string>("SELECT name FROM device"))}",
            ]),
        SetUp);

    [Fact]
    public void ExecuteScalar_converts() => Providers.Agree(
        c => Lines(
            [
                $"{c.ExecuteScalar<int>("SELECT count(*) FROM device")}",
                $"{c.ExecuteScalar<double>("SELECT max(value) FROM reading")}",
                $"{c.ExecuteScalar<DateTime>("SELECT min(at) FROM reading"):o}",
                $"{c.ExecuteScalar<bool>("SELECT EXISTS (SELECT 1 FROM device WHERE name = 'pump')")}",
                $"{c.ExecuteScalar<long?>("SELECT kind FROM device WHERE id = 3")?.ToString() ?? "null"}",
                $"{c.ExecuteScalar("SELECT name FROM device WHERE id = 9") ?? "null"}",
                $"{c.ExecuteScalar<Kind>("SELECT kind FROM device WHERE id = 2")}",
            ]),
        SetUp);

    [Fact]
    public void Multi_mapping_splits_a_row_into_objects() => Providers.Agree(
        c => Lines(
            c.Query<Device, Site, string>(
                "SELECT d.id, d.name, s.id, s.city FROM device d LEFT JOIN site s ON s.id = d.site_id ORDER BY d.id",
                (device, site) => $"{device.Name} in {site?.City ?? "nowhere"}"),
            c.Query<Device, Site, Reading, string>(
                "SELECT d.id, d.name, s.city, r.value FROM device d JOIN site s ON s.id = d.site_id JOIN reading r ON r.device_id = d.id ORDER BY r.at",
                (device, site, reading) => $"{device.Name} {site.City} {reading?.Value}",
                splitOn: "city,value")),
        SetUp);

    [Fact]
    public void Multi_mapping_gathers_children_under_their_parent() => Providers.Agree(
        c =>
        {
            Dictionary<long, Site> sites = [];
            c.Query<Site, Device, Site>(
                "SELECT s.id, s.city, d.id, d.name FROM site s JOIN device d ON d.site_id = s.id ORDER BY s.id, d.id",
                (site, device) =>
                {
                    Site parent = sites.TryAdd(site.Id, site) ? site : sites[site.Id];
                    parent.Devices.Add(device);
                    return parent;
                });
            return Lines(sites.Values.Select(s => $"{s.City}: {string.Join(",", s.Devices.Select(d => d.Name))}"));
        },
        SetUp);

    [Fact]
    public void QueryMultiple_reads_one_result_after_the_other() => Providers.Agree(
        c =>
        {
            using SqlMapper.GridReader grid = c.QueryMultiple(
                "SELECT id, name FROM device WHERE id < @last ORDER BY id; UPDATE site SET city = city || '!'; SELECT city FROM site ORDER BY id; SELECT count(*) FROM reading",
                new { last = 3 });
            List<string> lines = [.. grid.Read<Device>().Select(d => d.Name), .. grid.Read<string>()];
            lines.Add($"{grid.ReadSingle<int>()} {grid.IsConsumed}");
            return Lines(lines);
        },
        SetUp);

    [Fact]
    public void Unbuffered_rows_come_as_they_are_read() => Providers.Agree(
        c =>
        {
            List<string> seen = [];
            foreach (long id in c.Query<long>("WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", buffered: false))
            {
                // Another command of the connection while the reader is open; the rows have no end.
                seen.Add(c.ExecuteScalar<string>("SELECT name FROM device WHERE id = @id", new { id }) ?? "none");
                if (id == 5)
                {
                    break;
                }
            }

            seen.Add($"{c.Execute("DELETE FROM device WHERE id = 4")}");
            return Lines(seen);
        },
        SetUp);

    [Fact]
    public void ExecuteReader_fills_a_table_and_parses_rows() => Providers.Agree(
        c =>
        {
            using IDataReader tableReader = c.ExecuteReader("SELECT id, name, kind FROM device ORDER BY id");
            DataTable table = new();
            table.Load(tableReader);
            using DbDataReader reader = (DbDataReader)c.ExecuteReader("SELECT id, name FROM device ORDER BY id");
            Func<DbDataReader, Device> parse = reader.GetRowParser<Device>();
            List<string> lines = [$"{table.Rows.Count} {table.Columns["name"]!.DataType.Name}"];
            while (reader.Read())
            {
                lines.Add(parse(reader).Name);
            }

            return Lines(lines);
        },
        SetUp);

    internal static string Lines(params IEnumerable<string>[] parts) => string.Join("\n", parts.SelectMany(part => part));

    internal enum Kind
    {
        Pump = 1,
        Valve = 2,
    }

    internal sealed class Device
    {
        public long Id { get; set; }

        public string Name { get; set; } = "";

        public Kind? Kind { get; set; }

        public int? SiteId { get; set; }
    }

    internal sealed class Site
    {
        public long Id { get; set; }

        public string City { get; set; } = "";

        public List<Device> Devices { get; } = [];
    }

    internal sealed class Reading
    {
        public double? Value { get; set; }
    }

    internal sealed record NameAndSite(string Name, long SiteId);
}
