package limit_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/akinserver/akin/server/limit"
)

func refused(t *testing.T, err error) *limit.Refused {
	t.Helper()
	r, ok := errors.AsType[*limit.Refused](err)
	if !ok {
		t.Fatalf("got %v, want *limit.Refused", err)
	}
	return r
}

func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rates := limit.NewRates("this key")
		take := func(who string, n int) error {
			for range n {
				if err := rates.Take(who, 10); err != nil {
					return err
				}
			}
			return nil
		}
		if err := take("a", 20); err != nil {
			t.Fatalf("20 at once, of 10 a second: %v", err)
		}
		if retry := refused(t, take("a", 1)).Retry; retry <= 0 || retry > 100*time.Millisecond {
			t.Errorf("try again in %s, want 100 ms", retry)
		}
		if err := take("b", 20); err != nil {
			t.Errorf("another caller: %v", err)
		}
		time.Sleep(time.Second)
		if err := take("a", 10); err != nil {
			t.Errorf("10 more a second later: %v", err)
		}
		refused(t, take("a", 1))
		if err := rates.Take("c", 0.5); err != nil {
			t.Errorf("the first call of one in 2 s: %v", err)
		}
		if retry := refused(t, rates.Take("c", 0.5)).Retry; retry.Round(time.Millisecond) != 2*time.Second {
			t.Errorf("try again in %s, want 2 s", retry)
		}
	})
}

// TestRatesForgetThoseWhoDoNotCall holds that a caller who goes on calling is not forgotten, however many others there are.
func TestRatesForgetThoseWhoDoNotCall(t *testing.T) {
	rates := limit.NewRates("this address")
	late := 0
	for i := range 200_000 {
		if err := rates.Take(fmt.Sprint(i), 1); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 && rates.Take("flood", 1e-9) == nil {
			late++
		}
	}
	if late != 1 {
		t.Errorf("%d calls of the flood were let in, want 1", late)
	}
}

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2:ffff::": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := limit.Network(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := limit.NewCalls(2, 1, 100*time.Millisecond)
		first, err := calls.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		second, err := calls.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		waited := make(chan error)
		wait := func(ctx context.Context) {
			leave, err := calls.Enter(ctx)
			if err == nil {
				defer leave()
			}
			waited <- err
		}

		go wait(t.Context())
		synctest.Wait()
		began := time.Now()
		if _, err := calls.Enter(t.Context()); refused(t, err).Retry != time.Second || time.Since(began) != 0 {
			t.Errorf("the queue is full: %v after %s, want to be told at once", err, time.Since(began))
		}
		first()
		if err := <-waited; err != nil {
			t.Errorf("who waited when a call left: %v", err)
		}

		first, err = calls.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go wait(t.Context())
		refused(t, <-waited)
		if waited := time.Since(began); waited != 100*time.Millisecond {
			t.Errorf("waited %s, want 100 ms", waited)
		}

		ctx, cancel := context.WithCancel(t.Context())
		go wait(ctx)
		synctest.Wait()
		cancel()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("who waited and hung up: %v", err)
		}
		first()
		second()
		for range 2 {
			if _, err := calls.Enter(t.Context()); err != nil {
				t.Errorf("when all have left: %v", err)
			}
		}
	})
}

// TestOverloadEndsWithTheLoad offers twice what can be answered for a minute: what is answered is answered soon, what is refused is refused soon, as much is answered as can be, and when
// it is over nothing is left of it. The clock is the test's own, so that it does not matter what else the machine does.
func TestOverloadEndsWithTheLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const (
			atOnce, queue = 4, 16
			wait          = 100 * time.Millisecond
			work          = 10 * time.Millisecond
			between       = work / atOnce / 2 // twice as many as the places can take
			load          = time.Minute
		)
		calls := limit.NewCalls(atOnce, queue, wait)
		var mu sync.Mutex
		var all sync.WaitGroup
		answered, refusals := 0, 0
		began := time.Now()
		ask := func() {
			came := time.Now()
			leave, err := calls.Enter(t.Context())
			waited := time.Since(came)
			if err == nil {
				time.Sleep(work)
				leave()
			}
			mu.Lock()
			defer mu.Unlock()
			most := wait
			if came.Sub(began) > 2*wait && came.Sub(began) < load {
				most = wait / 10 // the queue has not been empty for long
			}
			if waited > most {
				t.Errorf("a call that came after %s waited %s to hear %v, want %s at most", came.Sub(began), waited, err, most)
			}
			if err != nil {
				refused(t, err)
				refusals++
				return
			}
			answered++
		}
		for time.Since(began) < load {
			all.Go(ask)
			time.Sleep(between)
		}
		over := time.Now()
		all.Wait()
		if took := time.Since(over); took > wait+work {
			t.Errorf("%s after the load calls were still under way", took)
		}
		if most := atOnce * int(load/work); answered < most*99/100 || refusals < answered*9/10 {
			t.Errorf("%d answered and %d refused, want nearly %d answered and about as many refused", answered, refusals, most)
		}
		for range atOnce + queue { // all places are free, and all of the queue; the last ones wait for longer than a tenth of the patience
			all.Go(func() {
				leave, err := calls.Enter(t.Context())
				if err != nil {
					t.Errorf("a call after the load: %v", err)
					return
				}
				time.Sleep(work)
				leave()
			})
		}
		all.Wait()
	})
}
