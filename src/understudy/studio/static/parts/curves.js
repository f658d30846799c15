// Curves over the steps of a training, drawn as they come.
const COLOURS = ["#3b9c92", "#c98a2b", "#6d7fd1", "#c0607f", "#7fa044"];
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [600, 160, 52, 20];

export default {
  props: { title: String, curves: Array },
  template: `
    <figure style="margin: 0"><figcaption class="row small"><strong>{{ title }}</strong><span v-for="(curve, n) in curves" class="row" style="gap: 4px"><span class="dot" :style="{ background: colours[n % 5] }"></span>{{ short(curve.name) }}: {{ digits(curve.values[curve.values.length - 1]) }}</span></figcaption>
      <svg :viewBox="'0 0 ${WIDTH} ${HEIGHT}'" style="width: 100%" role="img" :aria-label="title">
        <g v-for="tick in ticks"><line x1="${LEFT}" x2="${WIDTH}" :y1="y(tick)" :y2="y(tick)" stroke="var(--line)" /><text x="${LEFT - 6}" :y="y(tick) + 4" text-anchor="end" font-size="11" fill="var(--soft)">{{ digits(tick) }}</text></g>
        <text x="${LEFT}" y="${HEIGHT - 4}" font-size="11" fill="var(--soft)">{{ span[0] }}</text><text x="${WIDTH}" y="${HEIGHT - 4}" text-anchor="end" font-size="11" fill="var(--soft)">step {{ span[1] }}</text>
        <polyline v-for="(curve, n) in curves" :points="points(curve)" fill="none" :stroke="colours[n % 5]" stroke-width="1.8" /></svg></figure>`,
  data: () => ({ colours: COLOURS }),
  computed: {
    span() {
      const steps = this.curves.flatMap((curve) => [curve.steps[0], curve.steps[curve.steps.length - 1]]);
      return [Math.min(...steps), Math.max(...steps)];
    },
    range() {
      const values = this.curves.flatMap((curve) => curve.values);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      // What hardly changes is drawn flat, not as a cliff.
      const least = 0.02 * Math.max(Math.abs(low), Math.abs(high), 1e-9);
      return high - low > least ? [low, high] : [low - least, high + least];
    },
    ticks() {
      const [low, high] = this.range;
      return [0, 1, 2, 3].map((n) => low + ((high - low) * n) / 3);
    },
  },
  methods: {
    short: (name) => name.split("/").pop(),
    digits: (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString()),
    x(step) {
      const [first, last] = this.span;
      return LEFT + ((WIDTH - LEFT - 4) * (step - first)) / Math.max(1, last - first);
    },
    y(value) {
      const [low, high] = this.range;
      return 8 + (HEIGHT - BOTTOM - 16) * (1 - (value - low) / (high - low));
    },
    points(curve) {
      return curve.steps.map((step, n) => `${this.x(step).toFixed(1)},${this.y(curve.values[n]).toFixed(1)}`).join(" ");
    },
  },
};
