using System.Text;

namespace Sluice.Gateway.Cli.Sql;

/// <summary>One statement of a script, and the line on which it begins, counted from 1.</summary>
internal readonly record struct SqlPiece(string Text, int Line);

/// <summary>
/// Cuts a script that arrives line by line into statements, at the semicolons that are not inside quotes, comments or the
/// body of a CREATE TRIGGER (which ends with <c>END;</c>), as sqlite3_complete() does.
/// </summary>
internal sealed class StatementSplitter
{
    private enum Within
    {
        Nothing,
        Word,
        SingleQuotes,
        DoubleQuotes,
        BackQuotes,
        Brackets,
        LineComment,
        BlockComment,
    }

    /// <summary>How far a statement has come towards being recognised as CREATE TRIGGER.</summary>
    private enum Opening
    {
        Start,
        Explain,
        Create,
        Trigger,
        Other,
    }

    private readonly Queue<SqlPiece> _complete = new();
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _word = new();
    private Within _within;
    private Opening _opening;
    private bool _afterSemicolon;
    private bool _afterEnd;
    private int _line;
    private int _firstLine;

    /// <summary>Whether a statement, a quotation or a comment has begun and not ended.</summary>
    public bool IsPending => _firstLine > 0 || _within == Within.BlockComment;

    /// <summary>The quote that a text or name has been opened with and not closed, or null.</summary>
    public char? OpenQuote => _within switch
    {
        Within.SingleQuotes => '\'',
        Within.DoubleQuotes => '"',
        Within.BackQuotes => '`',
        Within.Brackets => '[',
        Within.BlockComment => '*',
        _ => null,
    };

    /// <summary>Takes the script's next line, without its line break.</summary>
    public void AddLine(string line)
    {
        _line++;
        for (int i = 0; i < line.Length; i++)
        {
            i += Add(line[i], i + 1 < line.Length ? line[i + 1] : '\n');
        }

        _ = Add('\n', '\n');
    }

    /// <summary>Passes over a line that is no SQL.</summary>
    public void SkipLine() => _line++;

    /// <summary>The next whole statement, with its semicolon.</summary>
    public bool TryTake(out SqlPiece piece) => _complete.TryDequeue(out piece);

    /// <summary>What is left at the end of the script: a statement without a semicolon, if there is one.</summary>
    public bool TryTakeRest(out SqlPiece piece)
    {
        piece = new SqlPiece(_text.ToString().Trim(), _firstLine);
        bool any = _firstLine > 0;
        Clear();
        return any;
    }

    /// <summary>Forgets a statement that was begun.</summary>
    public void Clear()
    {
        _ = _text.Clear();
        _ = _word.Clear();
        _within = Within.Nothing;
        _opening = Opening.Start;
        _afterSemicolon = _afterEnd = false;
        _firstLine = 0;
    }

    /// <summary>Takes a character; 1 if it took the one after it, too.</summary>
    private int Add(char c, char next)
    {
        _ = _text.Append(c);
        switch (_within)
        {
            case Within.SingleQuotes:
                return Leave(c == '\'');
            case Within.DoubleQuotes:
                return Leave(c == '"');
            case Within.BackQuotes:
                return Leave(c == '`');
            case Within.Brackets:
                return Leave(c == ']');
            case Within.LineComment:
                return Leave(c == '\n');
            case Within.BlockComment when c == '*' && next == '/':
                _ = _text.Append(next);
                _within = Within.Nothing;
                return 1;
            case Within.BlockComment:
                return 0;
            default:
                return AddOutside(c, next);
        }
    }

    private int Leave(bool ends)
    {
        if (ends)
        {
            _within = Within.Nothing;
        }

        return 0;
    }

    private int AddOutside(char c, char next)
    {
        if (char.IsAsciiLetterOrDigit(c) || c is '_' or '$' || c > '\x7f')
        {
            Significant();
            _within = Within.Word;
            _ = _word.Append(c);
            return 0;
        }

        EndWord();
        switch (c)
        {
            case '-' when next == '-':
                _within = Within.LineComment;
                return 0;
            case '/' when next == '*':
                _ = _text.Append(next);
                _within = Within.BlockComment;
                return 1;
            case ';':
                EndOrSeparate();
                return 0;
            case ' ' or '\t' or '\r' or '\n' or '\f':
                return 0;
        }

        Significant();
        OtherToken();
        _within = c switch
        {
            '\'' => Within.SingleQuotes,
            '"' => Within.DoubleQuotes,
            '`' => Within.BackQuotes,
            '[' => Within.Brackets,
            _ => Within.Nothing,
        };
        return 0;
    }

    private void EndOrSeparate()
    {
        if (_opening == Opening.Trigger && !_afterEnd)
        {
            _afterSemicolon = true;
            return;
        }

        if (_firstLine > 0)
        {
            _complete.Enqueue(new SqlPiece(_text.ToString().Trim(), _firstLine));
        }

        Clear();
    }

    private void Significant()
    {
        if (_firstLine == 0)
        {
            _firstLine = _line;
        }
    }

    private void EndWord()
    {
        if (_within != Within.Word)
        {
            return;
        }

        _within = Within.Nothing;
        string word = _word.ToString().ToUpperInvariant();
        _ = _word.Clear();
        if (_opening == Opening.Trigger)
        {
            _afterEnd = word == "END" && _afterSemicolon;
            _afterSemicolon = false;
            return;
        }

        _opening = (_opening, word) switch
        {
            (Opening.Start, "EXPLAIN") => Opening.Explain,
            (Opening.Explain, "QUERY" or "PLAN") => Opening.Explain,
            (Opening.Start or Opening.Explain, "CREATE") => Opening.Create,
            (Opening.Create, "TEMP" or "TEMPORARY") => Opening.Create,
            (Opening.Create, "TRIGGER") => Opening.Trigger,
            _ => Opening.Other,
        };
    }

    private void OtherToken()
    {
        _afterSemicolon = _afterEnd = false;
        if (_opening != Opening.Trigger)
        {
            _opening = Opening.Other;
        }
    }
}
