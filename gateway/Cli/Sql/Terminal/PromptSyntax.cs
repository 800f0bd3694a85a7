namespace Sluice.Gateway.Cli.Sql;

/// <summary>What is to be known of SQL to let it be typed: whether it is complete, and the prompts of its lines.</summary>
internal sealed class PromptSyntax(ShellSettings settings)
{
    /// <summary>The prompt of lines after the first.</summary>
    public string Continuation => settings.ContinuationPrompt;

    /// <summary>Whether everything that has begun has ended.</summary>
    public bool IsComplete(string text)
    {
        StatementSplitter splitter = new();
        foreach (string line in text.Split('\n'))
        {
            Add(splitter, line);
        }

        return !splitter.IsPending || IsWord(text);
    }

    /// <summary>A word with which people look for help or leave other shells; nothing of SQL begins so.</summary>
    public static bool IsWord(string text) => text.Trim() is "help" or "quit" or "exit" or "?" or "\\q" or "\\?";

    /// <summary>A prompt for each line; within a quotation it has the quote that is open.</summary>
    public string[] Prompts(string text)
    {
        string[] lines = text.Split('\n');
        string[] prompts = new string[lines.Length];
        StatementSplitter splitter = new();
        for (int i = 0; i < lines.Length; i++)
        {
            prompts[i] = i == 0 ? settings.Prompt : WithQuote(Continuation, splitter.OpenQuote);
            Add(splitter, lines[i]);
        }

        return prompts;
    }

    private static void Add(StatementSplitter splitter, string line)
    {
        if (splitter.IsPending || line is not ['.' or '#', ..])
        {
            splitter.AddLine(line);
        }
    }

    /// <summary>The quote stands in the last space before the prompt's text, if there is one.</summary>
    private static string WithQuote(string prompt, char? quote)
    {
        int space = prompt.Length - prompt.TrimStart(' ').Length - 1;
        return quote is { } open && space >= 0 ? $"{prompt[..space]}{open}{prompt[(space + 1)..]}" : prompt;
    }
}
