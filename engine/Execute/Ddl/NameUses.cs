using Sluice.Engine.Catalog;
using Sluice.Engine.Plan;
using Sluice.Engine.Sql;

namespace Sluice.Engine.Execute.Ddl;

/// <summary>Finds where the texts of sqlite_schema use the name of a table or column: as numbers of tokens.</summary>
internal static class NameUses
{
    /// <summary>Where a text names a table: after the words that a table follows, in a list after FROM, and before a dot.</summary>
    public static IEnumerable<int> OfTable(SqlWords words, string table)
    {
        Stack<bool> inFrom = new([false]);
        for (int i = 0; i < words.Count; i++)
        {
            TokenKind kind = words.KindAt(i);
            switch (kind)
            {
                case TokenKind.LeftParen:
                    // Parentheses within a FROM hold tables too, unless a SELECT begins in them.
                    inFrom.Push(inFrom.Peek() && words.KindAt(i + 1) is not (TokenKind.Select or TokenKind.With or TokenKind.Values));
                    continue;
                case TokenKind.RightParen:
                    _ = inFrom.Count > 1 && inFrom.Pop();
                    continue;
                case TokenKind.From:
                    Set(inFrom, true);
                    continue;
                case TokenKind.Where or TokenKind.Group or TokenKind.Order or TokenKind.Limit or TokenKind.Having or TokenKind.Select or TokenKind.Set
                    or TokenKind.Union or TokenKind.Except or TokenKind.Intersect or TokenKind.Semicolon or TokenKind.Window:
                    Set(inFrom, false);
                    continue;
            }

            TokenKind before = words.KindAt(i - 1);
            bool follows = before is TokenKind.Table or TokenKind.References or TokenKind.From or TokenKind.Join or TokenKind.Into or TokenKind.Update or TokenKind.In
                || (before == TokenKind.On && IsTarget(words, i))
                || (before is TokenKind.Comma or TokenKind.LeftParen && inFrom.Peek())
                || (before == TokenKind.Dot && words.Is(i - 2, "main"))
                || (words.KindAt(i - 2) == TokenKind.Or && words.KindAt(i - 3) == TokenKind.Update);
            bool qualifies = words.KindAt(i + 1) == TokenKind.Dot && before != TokenKind.Dot;
            if ((follows || qualifies) && words.Is(i, table))
            {
                yield return i;
            }
        }
    }

    /// <summary>Where the text of a table or of one of its indexes names a column of that table.</summary>
    public static IEnumerable<int> OfColumnInDefinition(SqlWords words, string table, string column)
    {
        for (int i = 0; i < words.Count; i++)
        {
            TokenKind before = words.KindAt(i - 1);
            if (before == TokenKind.References && !words.Is(i, table) && words.KindAt(i + 1) == TokenKind.LeftParen)
            {
                i = words.SkipParentheses(i + 1) - 1;
                continue;
            }

            bool isOther = before is TokenKind.Table or TokenKind.Index or TokenKind.Constraint or TokenKind.Collate or TokenKind.References or TokenKind.On or TokenKind.Exists
                || words.KindAt(i + 1) is TokenKind.LeftParen or TokenKind.Dot
                || words.KindAt(i) == TokenKind.String;
            if (!isOther && words.Is(i, column))
            {
                yield return i;
            }
        }
    }

    /// <summary>Where another table's foreign keys name a column of a table.</summary>
    public static IEnumerable<int> OfColumnInReferences(SqlWords words, string table, string column)
    {
        for (int i = 1; i < words.Count; i++)
        {
            if (words.KindAt(i - 1) != TokenKind.References || !words.Is(i, table) || words.KindAt(i + 1) != TokenKind.LeftParen)
            {
                continue;
            }

            for (int end = words.SkipParentheses(i + 1); i < end; i++)
            {
                if (words.Is(i, column))
                {
                    yield return i;
                }
            }
        }
    }

    /// <summary>Where a view names a column of a table, as its SELECT is understood.</summary>
    public static IEnumerable<int> OfColumn(SqlWords words, View view, Table table, string column, Schemas schemas)
    {
        HashSet<int> uses = [];
        _ = ChangeTarget.ViewTable(new CompileState(Watching(words, table, column, schemas, uses)), view);
        return uses;
    }

    /// <summary>Where a trigger names a column of a table: as its expressions are understood, and where a statement lists the columns that it writes.</summary>
    public static IEnumerable<int> OfColumn(SqlWords words, Trigger trigger, Table table, string column, Schemas schemas)
    {
        HashSet<int> uses = [];
        Compilation compilation = Watching(words, table, column, schemas, uses);
        if (TargetOf(trigger, compilation) is { } target)
        {
            CreateTriggerStatement definition = trigger.Definition;
            _ = TriggerCompiler.Compile(trigger, trigger.Home, definition.When, definition.Body, target, definition.Event, ConflictAction.Default, isForeignKeyAction: false, compilation);
        }

        uses.UnionWith(OfWrittenColumn(words, table.Name, column));
        return uses;
    }

    /// <summary>The table, or the view as one, that a trigger is on.</summary>
    public static Table? TargetOf(Trigger trigger, Compilation compilation) =>
        compilation.Schemas.TargetOf(trigger) is not { } home ? null
        : home.TryGetTable(trigger.TableName, out Table? target) ? target
        : home.TryGetView(trigger.TableName, out View? view) ? ChangeTarget.ViewTable(new CompileState(compilation), view)
        : null;

    private static Compilation Watching(SqlWords words, Table table, string column, Schemas schemas, HashSet<int> uses) => new(schemas, foreignKeys: false)
    {
        ColumnFound = (node, found) =>
        {
            int token = words.NameAt(node.Position);
            bool isIt = found.IsTableColumn && table.Name.Equals(found.Table, StringComparison.OrdinalIgnoreCase) && column.Equals(found.Origin, StringComparison.OrdinalIgnoreCase);
            if (isIt && words.Is(token, column))
            {
                _ = uses.Add(token);
            }
        },
    };

    /// <summary>UPDATE OF, the columns of INSERT INTO and ON CONFLICT, and what SET assigns.</summary>
    private static IEnumerable<int> OfWrittenColumn(SqlWords words, string table, string column)
    {
        bool isTarget = false;
        for (int i = 0; i < words.Count; i++)
        {
            TokenKind kind = words.KindAt(i);
            if (kind is TokenKind.Into or TokenKind.Update)
            {
                int at = i + 1;
                at += words.KindAt(at) == TokenKind.Or ? 2 : 0;
                at += words.KindAt(at + 1) == TokenKind.Dot ? 2 : 0;
                isTarget = words.KindAt(at) == TokenKind.Set ? isTarget : words.Is(at, table);
                if (words.KindAt(i + 1) == TokenKind.Of)
                {
                    for (i += 2; words.KindAt(i) != TokenKind.On && i < words.Count; i++)
                    {
                        if (words.Is(i, column))
                        {
                            yield return i;
                        }
                    }
                }
                else if (kind == TokenKind.Into && isTarget && words.KindAt(at + 1) == TokenKind.LeftParen)
                {
                    for (int end = words.SkipParentheses(at + 1); i < end; i++)
                    {
                        if (i > at && words.Is(i, column))
                        {
                            yield return i;
                        }
                    }
                }
            }
            else if (isTarget && words.Is(i, column) && IsAssigned(words, i))
            {
                yield return i;
            }
        }
    }

    /// <summary>Whether a name stands where SET assigns it, alone or in a list, or where ON CONFLICT names it.</summary>
    private static bool IsAssigned(SqlWords words, int at)
    {
        if (words.KindAt(at + 1) == TokenKind.Equal)
        {
            return words.KindAt(at - 1) is TokenKind.Set or TokenKind.Comma;
        }

        int open = at;
        while (words.KindAt(open) is not (TokenKind.LeftParen or TokenKind.End or TokenKind.Semicolon))
        {
            open--;
        }

        return words.KindAt(open) == TokenKind.LeftParen
            && (words.KindAt(open - 1) is TokenKind.Conflict || (words.KindAt(open - 1) is TokenKind.Set or TokenKind.Comma && words.KindAt(words.SkipParentheses(open)) == TokenKind.Equal));
    }

    /// <summary>Whether ON is that of an index or trigger: a table follows, and then columns, or what the trigger does.</summary>
    private static bool IsTarget(SqlWords words, int at)
    {
        for (int i = 0; i < at; i++)
        {
            if (words.KindAt(i) is TokenKind.Begin or TokenKind.Select)
            {
                return false;
            }
        }

        return true;
    }

    private static void Set(Stack<bool> inFrom, bool value)
    {
        _ = inFrom.Pop();
        inFrom.Push(value);
    }
}
