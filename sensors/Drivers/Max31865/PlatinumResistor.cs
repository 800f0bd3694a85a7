namespace Sluice.Sensors.Drivers.Max31865;

/// <summary>A platinum resistance thermometer by the Callendar-Van Dusen equation with the coefficients of IEC 60751.</summary>
internal static class PlatinumResistor
{
    private const double A = 3.9083e-3;
    private const double B = -5.775e-7;
    private const double C = -4.183e-12;

    /// <summary>The ratio of the resistance at a temperature in °C to that at 0 °C.</summary>
    public static double Ratio(double t) => 1 + (A * t) + (B * t * t) + (t < 0 ? C * (t - 100) * t * t * t : 0);

    /// <summary>The temperature in °C at which the ratio is that.</summary>
    public static double Temperature(double ratio)
    {
        double t = (-A + Math.Sqrt((A * A) - (4 * B * (1 - ratio)))) / (2 * B);
        if (t >= 0)
        {
            return t;
        }

        // Below zero there is a term of the fourth degree; Newton's method from the quadratic's root is exact after three steps.
        for (int i = 0; i < 4; i++)
        {
            double slope = A + (2 * B * t) + (C * ((4 * t * t * t) - (300 * t * t)));
            t -= (Ratio(t) - ratio) / slope;
        }

        return t;
    }
}
