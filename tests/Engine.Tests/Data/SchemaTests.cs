using System.Data;
using Sluice.Engine.Data;

namespace Sluice.Engine.Tests.Data;

/// <summary>GetSchema.</summary>
public class SchemaTests
{
    private const string SetUp = """
        CREATE TABLE device(id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, kind INT DEFAULT 7, twice AS (kind * 2));
        CREATE TABLE reading(device_id REFERENCES device(id) ON DELETE CASCADE, at TEXT, value REAL, PRIMARY KEY (device_id, at));
        CREATE INDEX by_value ON reading(value DESC, at COLLATE NOCASE) WHERE value > 0;
        CREATE VIEW named AS SELECT id, name AS label FROM device;
        CREATE TRIGGER watch AFTER INSERT ON device BEGIN DELETE FROM reading WHERE device_id = new.id; END;
        """;

    [Theory]
    [InlineData("Tables", "main||device|table main||reading|table")]
    [InlineData("Columns", "main||device|id main||device|name main||device|kind main||device|twice main||reading|device_id main||reading|at main||reading|value")]
    [InlineData("Views", "main||named|CREATE")]
    [InlineData("ViewColumns", "main||named|id main||named|label")]
    [InlineData("Indexes", "main||device|sqlite_autoindex_device_1 main||reading|by_value main||reading|sqlite_autoindex_reading_1")]
    [InlineData("ForeignKeys", "main||reading|FK_reading_0_0")]
    [InlineData("Triggers", "main||device|watch")]
    public void A_collection_has_its_rows(string collection, string rows)
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        Assert.Equal(rows.Split(' '), connection.GetSchema(collection).Rows.Cast<DataRow>().Select(row => string.Join("|", row.ItemArray.Take(4)).Split(' ')[0]));
    }

    [Fact]
    public void Columns_tell_type_default_and_nullability()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        Assert.Equal(
            ["id 0 False  True INTEGER True False", "name 1 False  False VARCHAR(20) False False", "kind 2 True 7 True INT False False", "twice 3 False  True  False True"],
            Rows(connection.GetSchema("columns", [null, null, "DEVICE"]), "COLUMN_NAME", "ORDINAL_POSITION", "COLUMN_HASDEFAULT", "COLUMN_DEFAULT", "IS_NULLABLE", "DATA_TYPE", "PRIMARY_KEY", "IS_GENERATED"));
    }

    [Fact]
    public void Indexes_and_their_columns()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        Assert.Equal(
            ["by_value False False True", "sqlite_autoindex_reading_1 True True False"],
            Rows(connection.GetSchema("Indexes", [null, null, "reading"]), "INDEX_NAME", "PRIMARY_KEY", "UNIQUE", "PARTIAL"));
        Assert.Equal(
            ["value 0 DESC BINARY", "at 1 ASC NOCASE"],
            Rows(connection.GetSchema("IndexColumns", ["main", null, null, "by_value"]), "COLUMN_NAME", "ORDINAL_POSITION", "SORT_MODE", "COLLATION_NAME"));
        Assert.Equal(
            ["device_id device id NO ACTION CASCADE"],
            Rows(connection.GetSchema("ForeignKeys"), "FKEY_FROM_COLUMN", "FKEY_TO_TABLE", "FKEY_TO_COLUMN", "FKEY_ON_UPDATE", "FKEY_ON_DELETE"));
    }

    [Fact]
    public void The_reserved_words_are_those_of_SQLite() =>
        Providers.Agree(c => string.Join(" ", c.GetSchema("ReservedWords").Rows.Cast<DataRow>().Select(row => (string)row["ReservedWord"]).Order(StringComparer.Ordinal)));

    [Fact]
    public void Every_collection_that_is_listed_is_there()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        DataTable collections = connection.GetSchema();
        Assert.Equal(13, collections.Rows.Count);
        DataTable restrictions = connection.GetSchema("Restrictions");
        foreach (DataRow collection in collections.Rows)
        {
            string name = (string)collection["CollectionName"];
            DataTable table = connection.GetSchema(name);
            Assert.Equal(name, table.TableName);
            Assert.NotEmpty(table.Rows);
            Assert.Equal((long)collection["NumberOfRestrictions"], restrictions.Rows.Cast<DataRow>().Count(row => (string)row["CollectionName"] == name));
        }
    }

    [Fact]
    public void What_is_not_there_is_refused()
    {
        using SluiceConnection connection = Providers.Sluice(SetUp);
        Assert.Contains("'Nonsense'", Assert.Throws<ArgumentException>(() => connection.GetSchema("Nonsense")).Message);
        Assert.Contains("Catalog, Schema, View", Assert.Throws<ArgumentException>(() => connection.GetSchema("Views", ["main", null, "named", "more"])).Message);
        Assert.Empty(connection.GetSchema("Tables", [null, null, "none"]).Rows);
        connection.Close();
        Assert.NotEmpty(connection.GetSchema("DataTypes").Rows);
        Assert.Throws<InvalidOperationException>(() => connection.GetSchema("Tables"));
    }

    private static IEnumerable<string> Rows(DataTable table, params string[] columns) =>
        table.Rows.Cast<DataRow>().Select(row => string.Join(" ", columns.Select(column => row[column])));
}
