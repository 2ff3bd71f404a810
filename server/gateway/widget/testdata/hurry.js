// Ten seconds pass in a fifth of one.
{
  const wait = setTimeout
  window.setTimeout = (then, milliseconds) => wait(then, milliseconds === 10000 ? 200 : milliseconds)
}
