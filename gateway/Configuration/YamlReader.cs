using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Sluice.Gateway.Configuration;

/// <summary>
/// YAML text to nodes, from the parser's events: no reflection. Refused by name: several documents, anchors and aliases,
/// tags, keys that are not plain text, and a key that stands twice.
/// </summary>
internal static class YamlReader
{
    /// <summary>Nesting that no configuration needs; it bounds the recursion.</summary>
    private const int MaximumDepth = 20;

    /// <summary>Reads one document. An empty one is an empty section.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="source">What errors call it.</param>
    /// <param name="singleLine">True where lines mean nothing, as in a variable's value.</param>
    public static ConfigNode Read(string text, string source, bool singleLine = false)
    {
        Scanner scanner = new(new StringReader(text));
        Parser parser = new(scanner);
        Origin At(Mark mark) => new(source, singleLine ? 0 : (int)mark.Line);
        try
        {
            parser.MoveNext();
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _))
            {
                return new SectionNode(new Origin(source, 0));
            }

            parser.Consume<DocumentStart>();
            ConfigNode root = ReadNode(parser, At, 0);
            parser.Consume<DocumentEnd>();
            if (parser.Current is DocumentStart second)
            {
                throw new ConfigurationException(At(second.Start), "a second YAML document begins here; a configuration is one document, remove the '---'");
            }

            return root;
        }
        catch (Exception e) when (e is not ConfigurationException)
        {
            // Bad text makes the library throw exceptions of several kinds, those of its own queues among them.
            if (FindTab(text) is var line and > 0)
            {
                throw new ConfigurationException(new Origin(source, singleLine ? 0 : line), "not valid YAML: indented with a tab; use spaces");
            }

            Mark mark = e is YamlException { Start.Line: > 0 } known ? known.Start : scanner.CurrentPosition;
            throw new ConfigurationException(At(mark), $"not valid YAML: {Describe(e, mark)}");
        }
    }

    private static ConfigNode ReadNode(Parser parser, Func<Mark, Origin> at, int depth)
    {
        ParsingEvent current = parser.Current!;
        Origin origin = at(current.Start);
        if (depth > MaximumDepth)
        {
            throw new ConfigurationException(origin, $"nested more than {MaximumDepth} levels deep");
        }

        if (current is AnchorAlias || (current is NodeEvent node && !node.Anchor.IsEmpty))
        {
            throw new ConfigurationException(origin, "anchors and aliases (& and *) are not supported; write the value out, or quote a text that begins so");
        }

        if (current is NodeEvent { Tag.IsEmpty: false } tagged && !tagged.Tag.IsNonSpecific)
        {
            throw new ConfigurationException(origin, $"the tag {tagged.Tag} is not supported; quote a text that begins with '!'");
        }

        switch (current)
        {
            case Scalar scalar:
                parser.MoveNext();
                bool isNull = scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null";
                return new ScalarNode(origin, isNull ? null : scalar.Value);

            case SequenceStart:
                parser.MoveNext();
                ListNode list = new(origin);
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    list.Items.Add(ReadNode(parser, at, depth + 1));
                }

                return list;

            default:
                parser.Consume<MappingStart>();
                SectionNode section = new(origin);
                while (!parser.TryConsume<MappingEnd>(out _))
                {
                    ReadEntry(parser, at, depth, section);
                }

                return section;
        }
    }

    private static void ReadEntry(Parser parser, Func<Mark, Origin> at, int depth, SectionNode section)
    {
        if (parser.Current is not Scalar key)
        {
            throw new ConfigurationException(at(parser.Current!.Start), "a key must be plain text");
        }

        parser.MoveNext();

        Origin origin = at(key.Start);
        ConfigNode value = ReadNode(parser, at, depth + 1);
        if (section.Entries.TryGetValue(key.Value, out (Origin KeyOrigin, ConfigNode Value) first))
        {
            throw new ConfigurationException(origin, $"{key.Value}: stands here a second time, first in line {first.KeyOrigin.Line}; keep one");
        }

        section.Entries.Add(key.Value, (origin, value));
    }

    private static string Describe(Exception e, Mark mark)
    {
        if (e is not YamlException)
        {
            return $"something is not closed or stands in the wrong place, here or before (column {mark.Column}); check brackets, quotes and indentation";
        }

        string reason = e.Message;

        // YamlDotNet puts "(Line: 3, Col: 1, Idx: 20) - (Line: ...): " in front; the place is told already.
        int end = reason.LastIndexOf("): ", StringComparison.Ordinal);
        reason = end < 0 ? reason : reason[(end + 3)..];
        return $"{reason.TrimEnd('.')} (column {mark.Column}); check indentation and quotes";
    }

    /// <summary>The first line that is indented with a tab, or 0: the parser's own error for it is about something else.</summary>
    private static int FindTab(string text)
    {
        int line = 0;
        foreach (ReadOnlySpan<char> content in text.AsSpan().EnumerateLines())
        {
            line++;
            if (content[..^content.TrimStart().Length].Contains('\t'))
            {
                return line;
            }
        }

        return 0;
    }
}
