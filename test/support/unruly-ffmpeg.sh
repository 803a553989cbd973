#!/bin/sh
# Stands in for FFmpeg in the torture of the supervisor: ends after a while of its own choice, in a way of its own choice.
# Which one comes of its pid, so that nothing has to be started for it.
way=$(($$ * 7919 % 23))
tenth=$(($$ * 104729 % 10))
if [ $way != 0 ]; then printf 'frame=%d\nout_time_us=%d000\nprogress=continue\n' $way $$; fi
case $way in
  0 | 1) exit 1 ;;
  2 | 3) exit 0 ;;
  4) exit 255 ;;
  5 | 6 | 7) kill -KILL $$ ;;
  8) kill -SEGV $$ ;;
  9) echo 'Output #0, rtp, to broken' >&2 && exec sleep 0.$tenth ;;
  10) trap '' INT && exec sleep 30 ;;
  11 | 12 | 13) exec sleep 1.$tenth ;;
  14) exec >&- 2>&- && exec sleep 2.$tenth ;;
  15) seq 1 2000 >&2 && exit 7 ;;
  *) exec sleep 30 ;;
esac
