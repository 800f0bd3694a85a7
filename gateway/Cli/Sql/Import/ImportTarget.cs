namespace Sluice.Gateway.Cli.Sql;

/// <summary>The table that records go into, and for which column each field is.</summary>
internal sealed class ImportTarget
{
    private ImportTarget(string name, string[] columns, bool[] emptyIsNull)
    {
        Columns = columns;
        EmptyIsNull = emptyIsNull;
        InsertSql = $"INSERT INTO {name}({string.Join(',', columns.Select(SqlText.Quoted))}) VALUES({string.Join(',', columns.Select((_, i) => $"?{i + 1}"))})";
    }

    /// <summary>The columns, in the fields' order.</summary>
    public string[] Columns { get; }

    /// <summary>For each column, whether an empty field without quotes is NULL.</summary>
    public bool[] EmptyIsNull { get; }

    public string InsertSql { get; }

    /// <summary>What was done, for the user: that the table was made, that a header was found.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Whether the first record is no data.</summary>
    public bool HasHeader { get; private init; }

    /// <summary>The table that is there, or a new one.</summary>
    /// <param name="shell">The shell.</param>
    /// <param name="options">The options.</param>
    /// <param name="source">Is read to the end if the table must be made; it must be opened anew then.</param>
    public static ImportTarget Open(SqlShell shell, ImportOptions options, ImportSource source)
    {
        string schema = options.Schema ?? "main";
        string name = $"{SqlText.Name(schema)}.{SqlText.Name(options.Table)}";
        string[] columns = [.. shell.Query($"PRAGMA {SqlText.Quoted(schema)}.table_info({SqlText.Quoted(options.Table)})").Select(row => row[1].DecodeText())];
        CsvReader first = source.Open();
        if (!first.Read(keepEmpty: false))
        {
            throw new ShellException($"{options.File} has no records{(options.Skip > 0 ? $" after the first {options.Skip}" : "")}");
        }

        string[] header = [.. first.Fields.Select(field => field.Text.Trim())];
        return columns.Length > 0 ? Existing(options, name, columns, header) : Make(shell, options, name, header, first, source);
    }

    private static ImportTarget Existing(ImportOptions options, string name, string[] columns, string[] header)
    {
        bool isHeader = header.Length > 0 && header.All(field => columns.Contains(field, StringComparer.OrdinalIgnoreCase))
            && header.Distinct(StringComparer.OrdinalIgnoreCase).Count() == header.Length;
        if (options.Header == true && !isHeader)
        {
            string strange = header.FirstOrDefault(field => !columns.Contains(field, StringComparer.OrdinalIgnoreCase)) ?? header[0];
            throw new ShellException($"the header names \"{strange}\", which is no column of {options.Table} or is named twice; its columns are {string.Join(", ", columns)}");
        }

        bool hasHeader = options.Header ?? isHeader;
        ImportTarget target = new(name, hasHeader ? header : columns, new bool[hasHeader ? header.Length : columns.Length]) { HasHeader = hasHeader };
        if (hasHeader)
        {
            target.Notes.Add("the first record names columns and was not imported (--no-header imports it)");
        }

        return target;
    }

    private static ImportTarget Make(SqlShell shell, ImportOptions options, string name, string[] header, CsvReader first, ImportSource source)
    {
        bool hasHeader = options.Header != false;
        if (hasHeader && first.Fault != CsvFault.None)
        {
            throw new ShellException($"no table was made of {options.File}: in its header, line {first.Line}: {first.FaultText}");
        }

        (string[] columns, bool renamed) = hasHeader ? Distinct(header) : ([.. header.Select((_, i) => $"column{i + 1}")], false);
        ColumnType[] types = [.. columns.Select(_ => new ColumnType())];
        if (source.IsFile)
        {
            bool isData = !hasHeader;
            do
            {
                for (int i = 0; isData && i < Math.Min(types.Length, first.Fields.Count); i++)
                {
                    if (first.Fields[i] is { IsQuoted: true, Text: "" })
                    {
                        types[i].Add(" ");
                    }
                    else if (first.Fields[i].Text != options.Null)
                    {
                        types[i].Add(first.Fields[i].Text);
                    }
                }

                isData = true;
            }
            while (first.Read(columns.Length == 1));
        }

        string definitions = string.Join(", ", columns.Select((column, i) => $"{SqlText.Name(column)} {types[i].Name}"));
        _ = shell.Query($"CREATE TABLE {name}({definitions})");
        ImportTarget target = new(name, columns, [.. types.Select(type => type.IsNumeric)]) { HasHeader = hasHeader };
        target.Notes.Add($"made the table {options.Table}({definitions})");
        if (renamed)
        {
            target.Notes.Add("columns without a name, or with one that was taken, were named anew");
        }

        return target;
    }

    /// <summary>Names that a table can have: none empty, none twice.</summary>
    private static (string[] Names, bool Renamed) Distinct(string[] header)
    {
        HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase);
        bool renamed = false;
        string[] names = new string[header.Length];
        for (int i = 0; i < header.Length; i++)
        {
            string name = header[i].Length > 0 ? header[i] : $"column{i + 1}";
            string distinct = name;
            for (int n = 2; !taken.Add(distinct); n++)
            {
                distinct = $"{name}_{n}";
            }

            renamed |= distinct != header[i];
            names[i] = distinct;
        }

        return (names, renamed);
    }

    /// <summary>The value of a field: NULL, or the text, which the column's affinity converts.</summary>
    public object Value(int column, CsvField field, ImportOptions options) =>
        !field.IsQuoted && (field.Text == options.Null || (EmptyIsNull[column] && field.Text.Length == 0)) ? DBNull.Value : field.Text;
}
