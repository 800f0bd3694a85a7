using System.Globalization;

namespace Sluice.Sensors.Sampling;

/// <summary>Smooths one metric's values, one after the other. Not shared among metrics.</summary>
public abstract class Filter
{
    /// <summary>Values that a window may hold.</summary>
    public const int MaximumWindow = 1000;

    /// <summary>What the value becomes.</summary>
    public abstract double Apply(double value);

    /// <summary>A maker of filters from <c>median 5</c>, <c>mean 10</c> or <c>exponential 0.2</c>; null if it is none of these.</summary>
    public static Func<Filter>? Parse(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2 || !double.TryParse(words[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
        {
            return null;
        }

        bool isWindow = number >= 1 && number <= MaximumWindow && number == Math.Floor(number);
        return words[0] switch
        {
            "median" when isWindow => () => new MedianFilter((int)number),
            "mean" when isWindow => () => new MeanFilter((int)number),
            "exponential" when number is > 0 and <= 1 => () => new ExponentialFilter(number),
            _ => null,
        };
    }

    /// <summary>The middle of the last values: takes out single outliers.</summary>
    private sealed class MedianFilter(int window) : Filter
    {
        private readonly Queue<double> _values = new(window + 1);

        public override double Apply(double value)
        {
            _values.Enqueue(value);
            if (_values.Count > window)
            {
                _values.Dequeue();
            }

            double[] sorted = [.. _values.Order()];
            int middle = sorted.Length / 2;
            return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        }
    }

    /// <summary>The mean of the last values.</summary>
    private sealed class MeanFilter(int window) : Filter
    {
        private readonly Queue<double> _values = new(window + 1);

        public override double Apply(double value)
        {
            _values.Enqueue(value);
            if (_values.Count > window)
            {
                _values.Dequeue();
            }

            return _values.Average();
        }
    }

    /// <summary>Goes a part of the way to each new value; begins with the first.</summary>
    private sealed class ExponentialFilter(double part) : Filter
    {
        private double? _value;

        public override double Apply(double value)
        {
            _value = _value is { } last ? last + (part * (value - last)) : value;
            return _value.Value;
        }
    }
}
