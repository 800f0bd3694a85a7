using System.Globalization;

namespace Sluice.Sensors.Drivers;

/// <summary>
/// The keys of one sensor in a configuration, as its driver reads them. What is wrong is noted and not thrown, so that a check
/// reports everything at once; the value that is returned then does not matter.
/// </summary>
public abstract class SensorSettings
{
    /// <summary>The text of a key, or null when it is not there.</summary>
    public abstract string? Text(string key);

    /// <summary>Notes that a key's value is wrong.</summary>
    public abstract void Fail(string key, string what);

    /// <summary>A text that must be there.</summary>
    public string Required(string key, string example)
    {
        if (Text(key) is { } text)
        {
            return text;
        }

        Fail(key, $"is missing; add {key}: {example}");
        return "";
    }

    /// <summary>A whole number, decimal or with 0x.</summary>
    public int Integer(string key, int otherwise, int least, int most)
    {
        if (Text(key) is not { } text)
        {
            return otherwise;
        }

        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        bool ok = isHex
            ? int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        if (ok && value >= least && value <= most)
        {
            return value;
        }

        Fail(key, $"\"{text}\" is not a whole number from {least} to {most}");
        return otherwise;
    }

    /// <summary>A number.</summary>
    public double Number(string key, double otherwise, double least, double most)
    {
        if (Text(key) is not { } text)
        {
            return otherwise;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most)
        {
            return value;
        }

        Fail(key, $"\"{text}\" is not a number from {least.ToString(CultureInfo.InvariantCulture)} to {most.ToString(CultureInfo.InvariantCulture)}");
        return otherwise;
    }

    /// <summary>true or false.</summary>
    public bool Flag(string key, bool otherwise)
    {
        switch (Text(key))
        {
            case null:
                return otherwise;
            case "true" or "yes" or "on":
                return true;
            case "false" or "no" or "off":
                return false;
            case { } text:
                Fail(key, $"\"{text}\" is neither true nor false");
                return otherwise;
        }
    }

    /// <summary>One of some words; the first is meant when the key is not there.</summary>
    public string Choice(string key, params string[] words)
    {
        if (Text(key) is not { } text)
        {
            return words[0];
        }

        if (words.Contains(text))
        {
            return text;
        }

        Fail(key, $"\"{text}\" is none of {string.Join(", ", words)}");
        return words[0];
    }

    /// <summary>One of some numbers.</summary>
    public int Choice(string key, int otherwise, params int[] numbers)
    {
        int value = Integer(key, otherwise, int.MinValue, int.MaxValue);
        if (numbers.Contains(value))
        {
            return value;
        }

        Fail(key, $"{value} is none of {string.Join(", ", numbers)}");
        return otherwise;
    }

    /// <summary>Numbers as <c>0, 2, 5-7</c>; those given when the key is not there.</summary>
    public IReadOnlyList<int> Numbers(string key, IReadOnlyList<int> otherwise, int least, int most)
    {
        if (Text(key) is not { } text)
        {
            return otherwise;
        }

        SortedSet<int> numbers = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-');
            if (ends.Length > 2 || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last) || first < least || last > most || first > last)
            {
                Fail(key, $"\"{part}\" is neither a number from {least} to {most} nor a range such as {least}-{most}");
                return otherwise;
            }

            numbers.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return [.. numbers];
    }
}
