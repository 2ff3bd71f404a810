package observe

import "github.com/prometheus/client_golang/prometheus"

// Connections tells of the connections of a listener, under a name of its own, each time that metrics are asked for.
func (o *Observer) Connections(listener string, stats func() (open int, dropped, refused uint64)) {
	if o != nil {
		o.registry.MustRegister(connections{listener, stats})
	}
}

type connections struct {
	listener string
	stats    func() (open int, dropped, refused uint64)
}

func (c connections) descs() (open, closed *prometheus.Desc) {
	of := func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(metric, help, labels, prometheus.Labels{"listener": c.listener})
	}
	return of("akin_connections_open", "Connections that are open."),
		of("akin_connections_closed_total", "Connections that were closed since there were too many: idle ones, to make room, and new ones, when there was none to make.", "why")
}

// Describe lists the metrics.
func (c connections) Describe(out chan<- *prometheus.Desc) {
	open, closed := c.descs()
	out <- open
	out <- closed
}

// Collect reads them.
func (c connections) Collect(out chan<- prometheus.Metric) {
	isOpen, dropped, refused := c.stats()
	open, closed := c.descs()
	out <- prometheus.MustNewConstMetric(open, prometheus.GaugeValue, float64(isOpen))
	out <- prometheus.MustNewConstMetric(closed, prometheus.CounterValue, float64(dropped), "idle")
	out <- prometheus.MustNewConstMetric(closed, prometheus.CounterValue, float64(refused), "full")
}
